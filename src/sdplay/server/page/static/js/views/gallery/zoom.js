/** A picture in a window: how large it is shown, and which part. Pure: no DOM. */

/** `scale`: pixels on the screen for one of the picture; `x`, `y`: where its middle is, from the middle of the window. */
/** @typedef {{scale: number, x: number, y: number}} Zoom */
/** @typedef {{width: number, height: number}} Size */

export const MOST = 16;

/** The scale at which all of it is seen; small pictures are made larger, but not by more than 4. @param {Size} picture @param {Size} view */
export function fitting(picture, view) {
  return Math.min(view.width / picture.width, view.height / picture.height, 4);
}

/** @param {Size} picture @param {Size} view @returns {Zoom} */
export function fitted(picture, view) {
  return { scale: fitting(picture, view), x: 0, y: 0 };
}

/** Zoom so that what is at (`px`, `py`), from the middle of the window, stays there. @param {Zoom} zoom @param {number} factor @param {number} px @param {number} py @param {Size} picture @param {Size} view @returns {Zoom} */
export function zoomedAt(zoom, factor, px, py, picture, view) {
  const least = Math.min(fitting(picture, view), 1);
  const scale = Math.min(Math.max(zoom.scale * factor, least), MOST);
  const by = scale / zoom.scale;
  return kept({ scale, x: px - (px - zoom.x) * by, y: py - (py - zoom.y) * by }, picture, view);
}

/** @param {Zoom} zoom @param {number} dx @param {number} dy @param {Size} picture @param {Size} view @returns {Zoom} */
export function panned(zoom, dx, dy, picture, view) {
  return kept({ ...zoom, x: zoom.x + dx, y: zoom.y + dy }, picture, view);
}

/** Never further than its edge. @param {Zoom} zoom @param {Size} picture @param {Size} view @returns {Zoom} */
export function kept(zoom, picture, view) {
  const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) => {
    const most = Math.max((size * zoom.scale - room) / 2, 0);
    return Math.min(Math.max(at, -most), most);
  };
  return {
    scale: zoom.scale,
    x: inside(zoom.x, picture.width, view.width),
    y: inside(zoom.y, picture.height, view.height),
  };
}
