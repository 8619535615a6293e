/** Pictures of the browser as rasters, and rasters as files. */

/** @import { Raster } from "./raster.js" */
/** @import { Size } from "./rect.js" */

export const LARGEST_SIDE = 2048; // of what is worked on; what is larger is made smaller as it comes in

/** @param {number} width @param {number} height */
function surface(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  return { canvas, context };
}

/**
 * The pixels of a picture file, upright, over white, at most `most` pixels a side.
 * @param {Blob} blob @param {number} [most] @returns {Promise<{ raster: Raster, given: Size }>} `given`: its size in the file
 */
export async function readPicture(blob, most = LARGEST_SIDE) {
  const bitmap = await createImageBitmap(blob);
  const share = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * share));
  const height = Math.max(1, Math.round(bitmap.height * share));
  const { context } = surface(width, height);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const given = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  return { raster: { width, height, channels: 4, data: pixelsOf(context, width, height) }, given };
}

/** @param {OffscreenCanvasRenderingContext2D} context @param {number} width @param {number} height */
function pixelsOf(context, width, height) {
  return /** @type {Uint8ClampedArray<ArrayBuffer>} */ (context.getImageData(0, 0, width, height).data);
}

/** A raster as the browser shows it; a mask is gray. @param {Raster} raster @returns {ImageData} */
export function imageDataOf(raster) {
  if (raster.channels === 4) return new ImageData(raster.data, raster.width, raster.height);
  const image = new ImageData(raster.width, raster.height);
  const words = new Uint32Array(image.data.buffer);
  for (let at = 0; at < words.length; at++) words[at] = 0xff000000 | (raster.data[at] * 0x010101);
  return image;
}

/** A PNG file of a raster. @param {Raster} raster @returns {Promise<Blob>} */
export function pngOf(raster) {
  const { canvas, context } = surface(raster.width, raster.height);
  context.putImageData(imageDataOf(raster), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** A raster made smaller, so that no side has more than `most` pixels. @param {Raster} raster @param {number} most @returns {Raster} */
export function shrunk(raster, most) {
  const share = most / Math.max(raster.width, raster.height);
  if (share >= 1) return raster;
  const width = Math.max(1, Math.round(raster.width * share));
  const height = Math.max(1, Math.round(raster.height * share));
  const from = surface(raster.width, raster.height);
  from.context.putImageData(imageDataOf(raster), 0, 0);
  const { context } = surface(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(from.canvas, 0, 0, width, height);
  const data = pixelsOf(context, width, height);
  if (raster.channels === 4) return { width, height, channels: 4, data };
  return {
    width,
    height,
    channels: 1,
    data: Uint8ClampedArray.from({ length: width * height }, (_, at) => data[at * 4]),
  };
}

/** A file as a data address, which a request may hold in place of the id of an upload. @param {Blob} blob @returns {Promise<string>} */
export function addressOf(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** One colour all over. @param {number} width @param {number} height @param {readonly [number, number, number]} colour @returns {Raster} */
export function blankPicture(width, height, colour) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < data.length; at += 4) data.set([...colour, 255], at);
  return { width, height, channels: 4, data };
}
