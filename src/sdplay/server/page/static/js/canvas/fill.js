/** The bucket: everything that hangs together with a pixel. */

/** @import { Raster } from "./raster.js" */
/** @import { Point, Rect } from "./rect.js" */
import { grown } from "./mask.js";
import { cut } from "./raster.js";
import { intersection, isEmpty, whole } from "./rect.js";

const MIDDLE = 128;

/**
 * Cover what hangs together with the pixel at `start` and of which `isSame` says so; the pixels that this touches.
 * @param {Raster} covered  a mask @param {Point} start @param {(at: number) => boolean} isSame  of a pixel's number
 * @returns {Rect}
 */
export function coverConnected(covered, start, isSame) {
  const { width, height, data } = covered;
  const x = Math.floor(start.x);
  const y = Math.floor(start.y);
  const touched = { left: width, top: height, right: 0, bottom: 0 };
  if (x < 0 || y < 0 || x >= width || y >= height || !isSame(y * width + x))
    return { left: 0, top: 0, right: 0, bottom: 0 };
  const waiting = [y * width + x];
  while (waiting.length > 0) {
    const at = /** @type {number} */ (waiting.pop());
    if (data[at] === 255) continue;
    const line = Math.floor(at / width) * width;
    let from = at;
    let to = at + 1;
    while (from > line && data[from - 1] !== 255 && isSame(from - 1)) from--;
    while (to < line + width && data[to] !== 255 && isSame(to)) to++;
    data.fill(255, from, to);
    for (const next of [-width, width]) pushSpans(waiting, data, from + next, to + next, isSame);
    touched.left = Math.min(touched.left, from - line);
    touched.right = Math.max(touched.right, to - line);
    touched.top = Math.min(touched.top, line / width);
    touched.bottom = Math.max(touched.bottom, line / width + 1);
  }
  return touched;
}

/**
 * Remember the first pixel of each run in a line next to one that was covered.
 * @param {number[]} waiting @param {Uint8ClampedArray} data @param {number} from @param {number} to
 * @param {(at: number) => boolean} isSame
 */
function pushSpans(waiting, data, from, to, isSame) {
  if (from < 0 || from >= data.length) return;
  let inRun = false;
  for (let at = from; at < to; at++) {
    const fits = data[at] !== 255 && isSame(at);
    if (fits && !inRun) waiting.push(at);
    inRun = fits;
  }
}

/**
 * Cover the pixels next to what is covered: smooth edges leave no fringe. The pixels that this touches.
 * @param {Raster} covered @param {Rect} rect  of what is covered @returns {Rect}
 */
export function spread(covered, rect) {
  if (isEmpty(rect)) return rect;
  const wider = { left: rect.left - 1, top: rect.top - 1, right: rect.right + 1, bottom: rect.bottom + 1 };
  const wide = intersection(wider, whole(covered));
  const part = grown(cut(covered, wide), 1);
  for (let y = wide.top; y < wide.bottom; y++) {
    const from = (y - wide.top) * part.width;
    covered.data.set(part.data.subarray(from, from + part.width), y * covered.width + wide.left);
  }
  return wide;
}

/** Pixels on the same side of an outline as that at `start`. @param {Raster} mask @param {Point} start */
export function sameSide(mask, start) {
  const inside = mask.data[Math.floor(start.y) * mask.width + Math.floor(start.x)] >= MIDDLE;
  return (/** @type {number} */ at) => mask.data[at] >= MIDDLE === inside;
}

/**
 * Pixels whose colour differs from that at `start` by at most `tolerance`, 0 to 255, in every channel.
 * @param {Raster} colours @param {Point} start @param {number} tolerance
 */
export function sameColour(colours, start, tolerance) {
  const { data } = colours;
  const first = (Math.floor(start.y) * colours.width + Math.floor(start.x)) * 4;
  const [red, green, blue] = [data[first], data[first + 1], data[first + 2]];
  return (/** @type {number} */ pixel) => {
    const at = pixel * 4;
    return (
      Math.abs(data[at] - red) <= tolerance &&
      Math.abs(data[at + 1] - green) <= tolerance &&
      Math.abs(data[at + 2] - blue) <= tolerance
    );
  };
}
