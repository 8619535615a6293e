/** Pixels in memory: a mask of one channel (0 to 255), or colours of four (straight alpha). */

/** @import { Rect, Size } from "./rect.js" */

/**
 * @typedef {object} Raster
 * @property {number} width
 * @property {number} height
 * @property {1 | 4} channels
 * @property {Uint8ClampedArray<ArrayBuffer>} data  row by row, `channels` values a pixel
 */

/** @param {number} width @param {number} height @param {1 | 4} channels @returns {Raster} all zero */
export function makeRaster(width, height, channels) {
  return { width, height, channels, data: new Uint8ClampedArray(width * height * channels) };
}

/** @param {Raster} raster @returns {Raster} */
export function cloneRaster(raster) {
  return { ...raster, data: raster.data.slice() };
}

/** @param {Raster} one @param {Size} other */
export function sameSize(one, other) {
  return one.width === other.width && one.height === other.height;
}

/** Whether every value is zero. @param {Raster} raster */
export function isBlank(raster) {
  const words = new Uint32Array(raster.data.buffer, 0, raster.data.length >> 2);
  for (const word of words) if (word !== 0) return false;
  for (let at = words.length << 2; at < raster.data.length; at++) if (raster.data[at] !== 0) return false;
  return true;
}

/**
 * The part `rect` of a raster; what lies beyond its edges is zero.
 * @param {Raster} raster @param {Rect} rect @returns {Raster}
 */
export function cut(raster, rect) {
  const part = makeRaster(rect.right - rect.left, rect.bottom - rect.top, raster.channels);
  const left = Math.max(rect.left, 0);
  const right = Math.min(rect.right, raster.width);
  if (right <= left) return part;
  for (let y = Math.max(rect.top, 0); y < Math.min(rect.bottom, raster.height); y++) {
    const from = (y * raster.width + left) * raster.channels;
    const to = ((y - rect.top) * part.width + left - rect.left) * raster.channels;
    part.data.set(raster.data.subarray(from, from + (right - left) * raster.channels), to);
  }
  return part;
}

/** A part put where it belongs in a raster of a size, all else zero: undoes `cut`. @param {Raster} part @param {Rect} rect @param {Size} size @returns {Raster} */
export function placed(part, rect, size) {
  const { width, height } = size;
  return cut(part, { left: -rect.left, top: -rect.top, right: width - rect.left, bottom: height - rect.top });
}

/**
 * `paint` over `base`, both of four channels and of one size; the result is as opaque as the base.
 * @param {Raster} base @param {Raster} paint @returns {Raster}
 */
export function flattened(base, paint) {
  const made = cloneRaster(base);
  for (let at = 0; at < made.data.length; at += 4) {
    const share = paint.data[at + 3] / 255;
    if (share === 0) continue;
    for (let channel = at; channel < at + 3; channel++) {
      made.data[channel] = paint.data[channel] * share + made.data[channel] * (1 - share);
    }
  }
  return made;
}
