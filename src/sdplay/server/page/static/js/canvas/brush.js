/** Brushes: how much of a pixel a dab covers, and where the dabs of a stroke lie. */

/** @import { Point, Rect } from "./rect.js" */
/** @import { Raster } from "./raster.js" */
import { around, intersection, isEmpty, whole } from "./rect.js";

export const SMALLEST = 1; // pixels across
export const LARGEST = 1000;
const SPACING = 0.15; // of the radius, between two dabs
const FINEST = 0.5; // pixels
const GROWTH = 1.25; // of the size, at a press of a key
const SOFTER = 0.1;

/** @typedef {{ size: number, softness: number }} Brush  size in pixels across, softness 0 (hard) to 1 */
/** @typedef {{ x: number, y: number, pressure: number }} Touch  pressure 0 to 1; a mouse presses with 1 */

/** The next size at a key. @param {number} size @param {1 | -1} direction */
export function nextSize(size, direction) {
  const next =
    direction > 0 ? Math.max(size + 1, Math.round(size * GROWTH)) : Math.min(size - 1, Math.round(size / GROWTH));
  return Math.min(LARGEST, Math.max(SMALLEST, next));
}

/** The next softness at a key. @param {number} softness @param {1 | -1} direction */
export function nextSoftness(softness, direction) {
  return Math.min(1, Math.max(0, Math.round((softness + direction * SOFTER) * 100) / 100));
}

/**
 * How much a dab covers at a distance from its centre, 0 to 1: all of its core, less and less to its rim.
 * @param {number} distance @param {number} radius @param {number} softness
 */
export function coverage(distance, radius, softness) {
  const rim = Math.min(1, Math.max(0, radius + 0.5 - distance));
  const fall = radius * softness;
  if (fall <= 0 || distance <= radius - fall) return rim;
  const depth = Math.max(0, (radius - distance) / fall);
  return Math.min(rim, depth * depth * (3 - 2 * depth));
}

/**
 * The dabs from one touch to the next, without the first; `left` is what is left of the spacing from before.
 * @param {Touch} from @param {Touch} to @param {number} size @param {number} left
 * @returns {{ dabs: Touch[], left: number }}
 */
export function dabsBetween(from, to, size, left) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  /** @type {Touch[]} */
  const dabs = [];
  let at = left;
  while (at <= length) {
    const share = length === 0 ? 1 : at / length;
    const pressure = from.pressure + (to.pressure - from.pressure) * share;
    dabs.push({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, pressure });
    at += Math.max(FINEST, (size / 2) * pressure * SPACING);
  }
  return { dabs, left: at - length };
}

/**
 * Let `covered`, a mask, have what a dab covers where that is more; the pixels that this touches.
 * @param {Raster} covered @param {Point} centre @param {number} radius @param {number} softness @returns {Rect}
 */
export function coverByDab(covered, centre, radius, softness) {
  const rect = intersection(around(centre, radius), whole(covered));
  if (isEmpty(rect)) return rect;
  for (let y = rect.top; y < rect.bottom; y++) {
    const dy = y + 0.5 - centre.y;
    for (let x = rect.left; x < rect.right; x++) {
      const dx = x + 0.5 - centre.x;
      const value = 255 * coverage(Math.sqrt(dx * dx + dy * dy), radius, softness);
      const at = y * covered.width + x;
      if (value > covered.data[at]) covered.data[at] = value;
    }
  }
  return rect;
}
