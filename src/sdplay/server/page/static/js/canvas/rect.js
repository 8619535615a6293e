/** Rectangles of whole pixels: left and top are inside, right and bottom are not. */

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Rect */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ width: number, height: number }} Size */

/** @type {Readonly<Rect>} */
export const NOTHING = Object.freeze({ left: 0, top: 0, right: 0, bottom: 0 });

/** @param {Rect} rect */
export function isEmpty(rect) {
  return rect.right <= rect.left || rect.bottom <= rect.top;
}

/** @param {Size} size @returns {Rect} */
export function whole(size) {
  return { left: 0, top: 0, right: size.width, bottom: size.height };
}

/** The smallest rectangle that holds both. @param {Rect} one @param {Rect} other @returns {Rect} */
export function union(one, other) {
  if (isEmpty(one)) return other;
  if (isEmpty(other)) return one;
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

/** What lies in both. @param {Rect} one @param {Rect} other @returns {Rect} */
export function intersection(one, other) {
  const both = {
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  };
  return isEmpty(both) ? NOTHING : both;
}

/** The pixels that a circle touches. @param {Point} centre @param {number} radius @returns {Rect} */
export function around(centre, radius) {
  return {
    left: Math.floor(centre.x - radius - 1),
    top: Math.floor(centre.y - radius - 1),
    right: Math.ceil(centre.x + radius + 1),
    bottom: Math.ceil(centre.y + radius + 1),
  };
}

/** The pixels that some points span. @param {readonly Point[]} points @returns {Rect} */
export function spanned(points) {
  if (points.length === 0) return NOTHING;
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  return {
    left: Math.floor(Math.min(...xs)),
    top: Math.floor(Math.min(...ys)),
    right: Math.ceil(Math.max(...xs)),
    bottom: Math.ceil(Math.max(...ys)),
  };
}
