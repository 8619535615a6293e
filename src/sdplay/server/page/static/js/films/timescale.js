/** Frames along a line: where each stands, which ticks are worth drawing, and what a point holds on to. */

const STEPS = [1, 2, 5];
const TICK = 64; // pixels between two ticks with words, at least
export const LEAST_WIDTH = 0.05;
export const MOST_WIDTH = 40; // pixels a frame

/** Pixels a frame so that `frames` fill `width`. @param {number} frames @param {number} width */
export function fitting(frames, width) {
  return Math.min(Math.max(width / Math.max(frames, 1), LEAST_WIDTH), MOST_WIDTH);
}

/** @param {number} scale @param {number} factor */
export function zoomed(scale, factor) {
  return Math.min(Math.max(scale * factor, LEAST_WIDTH), MOST_WIDTH);
}

/** How many frames lie between two ticks: 1, 2, 5, 10, 20 … @param {number} scale pixels a frame */
export function tickEvery(scale) {
  for (let power = 1; ; power *= 10) {
    const found = STEPS.find((step) => step * power * scale >= TICK);
    if (found) return found * power;
  }
}

/**
 * The ticks between two frames. @param {number} scale @param {number} first @param {number} last @returns {number[]}
 */
export function ticks(scale, first, last) {
  const every = tickEvery(scale);
  const found = [];
  for (let frame = Math.floor(Math.max(first, 0) / every) * every; frame <= last; frame += every) found.push(frame);
  return found;
}

/** A frame as minutes and seconds: "0:03.5". @param {number} frame @param {number} fps */
export function timecode(frame, fps) {
  const tenths = Math.round((frame / fps) * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = tenths % 600;
  const seconds = String(Math.floor(rest / 10)).padStart(2, "0");
  return `${minutes}:${seconds}${rest % 10 ? `.${rest % 10}` : ""}`;
}

/**
 * The frame of the nearest of `points` (frames, in order) within `reach` frames; else `frame`, rounded.
 * @param {number} frame @param {number[]} points @param {number} reach
 */
export function snapped(frame, points, reach) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {number} */ (points[middle]) < frame) low = middle + 1;
    else high = middle;
  }
  const near = [points[low - 1], points[low]].filter((one) => one !== undefined);
  near.sort((a, b) => Math.abs(a - frame) - Math.abs(b - frame));
  const [best] = near;
  return best !== undefined && Math.abs(best - frame) <= reach ? Math.round(best) : Math.round(frame);
}

/** Even steps from `low` to `high` for a scale of values, about `count` of them. @param {number} low @param {number} high @param {number} count */
export function gridLines(low, high, count = 4) {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (STEPS.concat(10).find((one) => one * power >= raw) ?? 10);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step)
    found.push(Number(value.toFixed(9)));
  return found;
}

/** The values that a lane shows: those of its curve, with some room, within what they may be. @param {number[]} values @param {number | null} low @param {number | null} high */
export function valueRange(values, low, high) {
  let least = Math.min(...values);
  let most = Math.max(...values);
  if (low !== null && high !== null && high - low <= 1) return { low, high };
  const room = Math.max((most - least) * 0.15, Math.abs(most) * 0.05, 0.05);
  least -= room;
  most += room;
  return { low: low === null ? least : Math.max(least, low), high: high === null ? most : Math.min(most, high) };
}
