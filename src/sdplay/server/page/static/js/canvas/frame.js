/** Which part of a picture the server draws: the same numbers as sdplay.pipeline.crop_plan. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect, Size } from "./rect.js" */
/** @import { Shape } from "./mask.js" */
import { boundingBox, shaped } from "./mask.js";
import { cut, makeRaster } from "./raster.js";

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Borders  pixels beyond each edge */
/** @typedef {{ paste: Raster, redraw: Raster }} Masks */

/** @type {Readonly<Borders>} */
export const NO_BORDERS = Object.freeze({ left: 0, top: 0, right: 0, bottom: 0 });

/** @param {Borders} borders */
export function hasBorders(borders) {
  return borders.left + borders.top + borders.right + borders.bottom > 0;
}

/** @param {Size} size @param {Borders} borders @returns {Size} */
export function extended(size, borders) {
  return { width: size.width + borders.left + borders.right, height: size.height + borders.top + borders.bottom };
}

/**
 * How much of each pixel is replaced, and where something new is wanted, over the extended picture.
 * @param {Raster} mask  of the picture's size @param {Shape} shape @param {Borders} borders @returns {Masks}
 */
export function inpaintMasks(mask, shape, borders) {
  const sharp = shaped(mask, { ...shape, blur: 0 });
  const soft = shaped(sharp, { invert: false, grow: 0, blur: shape.blur });
  if (!hasBorders(borders)) return { paste: soft, redraw: brighter(soft, sharp) };
  const outer = {
    left: -borders.left,
    top: -borders.top,
    right: mask.width + borders.right,
    bottom: mask.height + borders.bottom,
  };
  const beyond = whiteBeyond(mask, borders, Math.ceil(shape.blur));
  const softBeyond = brighter(
    shaped(beyond, { invert: false, grow: 0, blur: shape.blur }),
    whiteBeyond(mask, borders, 0),
  );
  const paste = brighter(cut(soft, outer), softBeyond);
  return { paste, redraw: brighter(paste, brighter(cut(sharp, outer), beyond)) };
}

/**
 * White beyond the old edges, and `reach` pixels into the picture at those that are moved.
 * @param {Size} size @param {Borders} borders @param {number} reach @returns {Raster}
 */
function whiteBeyond(size, borders, reach) {
  const outer = extended(size, borders);
  const made = makeRaster(outer.width, outer.height, 1);
  made.data.fill(255);
  const left = borders.left + (borders.left > 0 ? reach : 0);
  const right = borders.left + size.width - (borders.right > 0 ? reach : 0);
  const top = borders.top + (borders.top > 0 ? reach : 0);
  const bottom = borders.top + size.height - (borders.bottom > 0 ? reach : 0);
  if (right <= left) return made;
  for (let y = top; y < bottom; y++) made.data.fill(0, y * outer.width + left, y * outer.width + right);
  return made;
}

/** @param {Raster} one @param {Raster} other @returns {Raster} */
function brighter(one, other) {
  const data = one.data.slice();
  for (let at = 0; at < data.length; at++) if (other.data[at] > data[at]) data[at] = other.data[at];
  return { ...one, data };
}

/**
 * The part that "only masked" draws, in pixels of the extended picture; all of it for a black mask.
 * @param {Raster} redraw @param {number} padding @param {Size} drawn  the size that it is drawn at @returns {Rect}
 */
export function onlyMaskedFrame(redraw, padding, drawn) {
  const box = boundingBox(redraw, padding);
  return box === null
    ? { left: 0, top: 0, right: redraw.width, bottom: redraw.height }
    : proportioned(box, drawn, redraw);
}

/** `box` grown to the proportions of `size`, within the picture `all`. @param {Rect} box @param {Size} size @param {Size} all @returns {Rect} */
export function proportioned(box, size, all) {
  const width = box.right - box.left;
  const height = box.bottom - box.top;
  const wide = Math.max(width, evenRound((height * size.width) / size.height));
  const high = Math.max(height, evenRound((width * size.height) / size.width));
  const [left, right] = side(box.left, box.right, wide, all.width);
  const [top, bottom] = side(box.top, box.bottom, high, all.height);
  return { left, top, right, bottom };
}

/** @param {number} low @param {number} high @param {number} wanted @param {number} most @returns {[number, number]} */
function side(low, high, wanted, most) {
  const length = Math.min(wanted, most);
  const begin = Math.min(Math.max(0, Math.floor((low + high - length) / 2)), most - length);
  return [begin, begin + length];
}

/** Rounded as Python does: a half to the even number. @param {number} value */
function evenRound(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}
