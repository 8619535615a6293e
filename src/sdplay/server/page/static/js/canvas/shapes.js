/** Lasso and rectangle: which pixels lie inside, with smooth edges. */

/** @import { Raster } from "./raster.js" */
/** @import { Point, Rect } from "./rect.js" */
import { intersection, isEmpty, spanned, whole } from "./rect.js";

const LINES = 4; // looked at in a row of pixels

/** @typedef {{ x: number, turn: 1 | -1 }} Crossing */

/** The corners of a rectangle. @param {Point} one @param {Point} opposite @returns {Point[]} */
export function corners(one, opposite) {
  return [one, { x: opposite.x, y: one.y }, opposite, { x: one.x, y: opposite.y }];
}

/**
 * Cover the inside of a closed polygon; what it goes around twice is inside too. The pixels that this touches.
 * @param {Raster} covered  a mask @param {readonly Point[]} points @returns {Rect}
 */
export function coverPolygon(covered, points) {
  const rect = intersection(spanned(points), whole(covered));
  if (isEmpty(rect) || points.length < 3) return { left: 0, top: 0, right: 0, bottom: 0 };
  const row = new Float32Array(covered.width);
  for (let y = rect.top; y < rect.bottom; y++) {
    row.fill(0, rect.left, rect.right);
    for (let line = 0; line < LINES; line++) {
      coverLine(row, crossings(points, y + (line + 0.5) / LINES), rect);
    }
    for (let x = rect.left; x < rect.right; x++) {
      const value = (255 * row[x]) / LINES;
      const at = y * covered.width + x;
      if (value > covered.data[at]) covered.data[at] = value;
    }
  }
  return rect;
}

/** Where the sides of a polygon cross a line, from left to right. @param {readonly Point[]} points @param {number} y */
function crossings(points, y) {
  /** @type {Crossing[]} */
  const found = [];
  for (let index = 0; index < points.length; index++) {
    const from = points[index];
    const to = points[(index + 1) % points.length];
    if (from.y <= y === to.y <= y) continue;
    const x = from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x);
    found.push({ x, turn: to.y > from.y ? 1 : -1 });
  }
  return found.sort((one, other) => one.x - other.x);
}

/** Add to each pixel of a row how much of it lies inside. @param {Float32Array} row @param {Crossing[]} found @param {Rect} rect */
function coverLine(row, found, rect) {
  let turns = 0;
  for (let index = 0; index + 1 < found.length; index++) {
    turns += found[index].turn;
    if (turns === 0) continue;
    const from = Math.max(found[index].x, rect.left);
    const to = Math.min(found[index + 1].x, rect.right);
    for (let x = Math.floor(from); x < to; x++) row[x] += Math.max(0, Math.min(to, x + 1) - Math.max(from, x));
  }
}
