/** Where on the screen the picture lies: screen = picture · scale + offset. */

/** @import { Point, Rect, Size } from "./rect.js" */

/** @typedef {{ scale: number, x: number, y: number }} Viewport  scale in screen pixels a pixel; the offset in screen pixels */

export const SMALLEST_SCALE = 0.02;
export const LARGEST_SCALE = 64;
const STEADY = 1; // the largest scale that "fit" takes for pictures that are not small
const SMALL = 512; // pixels: what is smaller may be shown enlarged
const SEEN = 48; // screen pixels of the picture that always stay in sight

/** @param {Viewport} view @param {Point} point  of the screen @returns {Point} */
export function toPicture(view, point) {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/** @param {Viewport} view @param {Point} point  of the picture @returns {Point} */
export function toScreen(view, point) {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

/**
 * The whole of `rect` in the middle of the screen, `margin` screen pixels from its edges.
 * @param {Rect} rect  of the picture @param {Size} screen @param {number} margin @returns {Viewport}
 */
export function fit(rect, screen, margin) {
  const width = rect.right - rect.left;
  const height = rect.bottom - rect.top;
  const room = Math.min((screen.width - 2 * margin) / width, (screen.height - 2 * margin) / height);
  const most = Math.max(width, height) <= SMALL ? LARGEST_SCALE : STEADY;
  const scale = limited(Math.min(room, most));
  const x = screen.width / 2 - ((rect.left + rect.right) / 2) * scale;
  return { scale, x, y: screen.height / 2 - ((rect.top + rect.bottom) / 2) * scale };
}

/** Zoomed so that what lies under `at` stays there. @param {Viewport} view @param {number} factor @param {Point} at  of the screen @returns {Viewport} */
export function zoom(view, factor, at) {
  const scale = limited(view.scale * factor);
  const share = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * share, y: at.y - (at.y - view.y) * share };
}

/** @param {Viewport} view @param {number} dx @param {number} dy  screen pixels @returns {Viewport} */
export function pan(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/**
 * Moved and zoomed as two fingers do.
 * @param {Viewport} view @param {readonly [Point, Point]} before @param {readonly [Point, Point]} after @returns {Viewport}
 */
export function pinch(view, before, after) {
  const from = middle(before);
  const to = middle(after);
  const factor = distance(after) / Math.max(distance(before), 1);
  return pan(zoom(view, factor, from), to.x - from.x, to.y - from.y);
}

/** `view` with some of the picture in sight. @param {Viewport} view @param {Rect} rect @param {Size} screen @returns {Viewport} */
export function kept(view, rect, screen) {
  const low = { x: SEEN - rect.right * view.scale, y: SEEN - rect.bottom * view.scale };
  const high = { x: screen.width - SEEN - rect.left * view.scale, y: screen.height - SEEN - rect.top * view.scale };
  return { ...view, x: Math.min(high.x, Math.max(low.x, view.x)), y: Math.min(high.y, Math.max(low.y, view.y)) };
}

/** @param {number} scale */
function limited(scale) {
  return Math.min(LARGEST_SCALE, Math.max(SMALLEST_SCALE, scale));
}

/** @param {readonly [Point, Point]} pair @returns {Point} */
function middle([one, other]) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** @param {readonly [Point, Point]} pair */
function distance([one, other]) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
