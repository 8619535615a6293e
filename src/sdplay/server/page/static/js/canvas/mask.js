/** Masks as the server shapes them, value for value: `shaped` and `bounding_box` of sdplay.images.mask. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect } from "./rect.js" */
import { cut, makeRaster, placed } from "./raster.js";

const PASSES = 3;
const float = Math.fround; // the server calculates the radius in single precision

/** @typedef {{ invert: boolean, grow: number, blur: number }} Shape  grow and blur in pixels */

/** @param {Raster} mask @returns {Raster} */
export function inverted(mask) {
  return { ...mask, data: mask.data.map((value) => 255 - value) };
}

/** Inverted, then grown (shrunk when negative), then blurred. @param {Raster} mask @param {Shape} shape @returns {Raster} */
export function shaped(mask, shape) {
  if (shape.invert) return shapedWhole(mask, shape);
  const box = boundingBox(mask, Math.abs(shape.grow) + PASSES * (Math.ceil(shape.blur) + 1));
  if (box === null) return makeRaster(mask.width, mask.height, 1);
  return placed(shapedWhole(cut(mask, box), shape), box, mask); // far from the mask everything is black and stays so
}

/** @param {Raster} mask @param {Shape} shape @returns {Raster} */
function shapedWhole(mask, { invert, grow, blur }) {
  let made = invert ? inverted(mask) : mask;
  if (grow > 0) made = grown(made, grow);
  else if (grow < 0) made = inverted(grown(inverted(made), -grow));
  return blur > 0 ? blurred(made, blur) : made;
}

/**
 * The highest value within a square of `reach` pixels around each.
 * @param {Raster} mask @param {number} reach @returns {Raster}
 */
export function grown(mask, reach) {
  return transposed(grownInRows(transposed(grownInRows(mask, reach)), reach));
}

/** The highest value within `reach` to both sides, by van Herk's two passes. @param {Raster} mask @param {number} reach */
function grownInRows(mask, reach) {
  const { width, height } = mask;
  const made = makeRaster(width, height, 1);
  const window = 2 * reach + 1;
  const length = Math.ceil((width + 2 * reach) / window) * window;
  const ahead = new Uint8Array(length);
  const behind = new Uint8Array(length);
  for (let y = 0; y < height; y++) {
    const row = mask.data.subarray(y * width, (y + 1) * width);
    for (let x = 0; x < length; x++) {
      const value = x < reach || x >= width + reach ? 0 : row[x - reach];
      ahead[x] = x % window === 0 ? value : Math.max(ahead[x - 1], value);
      behind[x] = value;
    }
    for (let x = length - 2; x >= 0; x--) {
      if ((x + 1) % window !== 0) behind[x] = Math.max(behind[x], behind[x + 1]);
    }
    for (let x = 0; x < width; x++) made.data[y * width + x] = Math.max(behind[x], ahead[x + window - 1]);
  }
  return made;
}

/** @param {Raster} mask @returns {Raster} */
function transposed(mask) {
  const made = makeRaster(mask.height, mask.width, 1);
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) made.data[x * mask.height + y] = mask.data[y * mask.width + x];
  }
  return made;
}

/**
 * A Gaussian blur by boxes, as Pillow makes it (Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by
 * Extended Box Filtering", 2011), with its roundings.
 * @param {Raster} mask @param {number} radius @returns {Raster}
 */
export function blurred(mask, radius) {
  const box = boxRadius(radius);
  return transposed(blurredRows(transposed(blurredRows(mask, box)), box));
}

/** The radius of the box whose repetition comes near a Gaussian. @param {number} radius */
function boxRadius(radius) {
  const sigma2 = float(float(float(radius) * float(radius)) / PASSES);
  const whole = float(Math.floor((float(Math.sqrt(12 * sigma2 + 1)) - 1) / 2));
  const above = float(float(2 * whole + 1) * float(float(whole * (whole + 1)) - float(3 * sigma2)));
  const below = float(6 * float(sigma2 - float((whole + 1) * (whole + 1))));
  return float(whole + float(above / below));
}

/** @param {Raster} mask @param {number} box @returns {Raster} */
function blurredRows(mask, box) {
  const { width, height } = mask;
  const reach = Math.floor(box);
  const weight = Math.floor(float((1 << 24) / float(float(box * 2) + 1)));
  const farWeight = Math.floor(((1 << 24) - (reach * 2 + 1) * weight) / 2);
  const made = makeRaster(width, height, 1);
  let line = new Uint8Array(width);
  let next = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    line.set(mask.data.subarray(y * width, (y + 1) * width));
    for (let pass = 0; pass < PASSES; pass++) {
      blurLine(line, next, reach, weight, farWeight);
      [line, next] = [next, line];
    }
    made.data.set(line, y * width);
  }
  return made;
}

/** @param {Uint8Array} from @param {Uint8Array} to @param {number} reach @param {number} weight @param {number} farWeight */
function blurLine(from, to, reach, weight, farWeight) {
  const last = from.length - 1;
  let sum = from[0] * (reach + 1);
  for (let x = 0; x < reach; x++) sum += from[Math.min(x, last)];
  for (let x = 0; x <= last; x++) {
    const left = Math.max(x - reach - 1, 0);
    const right = Math.min(x + reach, last);
    sum += from[right] - from[left];
    const far = from[left] + from[Math.min(x + reach + 1, last)];
    to[x] = Math.floor((sum * weight + far * farWeight + (1 << 23)) / (1 << 24));
  }
}

/** Everything that is not black, `padding` wider all round; null for a black mask. @param {Raster} mask @param {number} padding @returns {Rect | null} */
export function boundingBox(mask, padding) {
  const { width, height, data } = mask;
  let [left, top, right, bottom] = [width, -1, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((value) => value > 0);
    if (first < 0) continue;
    if (top < 0) top = y;
    bottom = y;
    left = Math.min(left, first);
    right = Math.max(
      right,
      row.findLastIndex((value) => value > 0),
    );
  }
  if (top < 0) return null;
  return {
    left: Math.max(0, left - padding),
    top: Math.max(0, top - padding),
    right: Math.min(width, right + 1 + padding),
    bottom: Math.min(height, bottom + 1 + padding),
  };
}
