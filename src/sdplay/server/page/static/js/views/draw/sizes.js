/** Sizes of pictures: shapes of about the same area, in steps that models take. */

const STEP = 8;
const LEAST = 64;
const MOST = 4096;

export const RATIOS = [
  { name: "1:1", ratio: 1 },
  { name: "4:3", ratio: 4 / 3 },
  { name: "3:2", ratio: 3 / 2 },
  { name: "16:9", ratio: 16 / 9 },
];

/** @param {number} value */
export function stepped(value) {
  return Math.min(Math.max(Math.round(value / STEP) * STEP, LEAST), MOST);
}

/**
 * A size of this shape with the area of a square of `side`. @param {number} ratio width by height @param {number} side
 * @returns {{width: number, height: number}}
 */
export function sized(ratio, side) {
  return { width: stepped(side * Math.sqrt(ratio)), height: stepped(side / Math.sqrt(ratio)) };
}

/** The side of a square with this area. @param {number} width @param {number} height */
export function sideOf(width, height) {
  return Math.sqrt(width * height);
}

/** The name of the shape that a size has, upright or not, undefined for others. @param {number} width @param {number} height */
export function ratioOf(width, height) {
  const ratio = Math.max(width, height) / Math.min(width, height);
  return RATIOS.find((one) => Math.abs(one.ratio - ratio) / one.ratio < 0.045)?.name;
}
