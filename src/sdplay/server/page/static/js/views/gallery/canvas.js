/** A picture in a window that can be zoomed and moved; several of them move together. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../core/html.js";
import { fitted, kept, panned, zoomedAt } from "./zoom.js";

const WHEEL = 0.0016; // of the logarithm of the scale, a pixel of the wheel
const STEP = 1.5;

/**
 * The zoom of a picture of `size` in the element `view`: null fits it. @param {{width: number, height: number}} size
 * @param {any} key another picture begins fitted
 */
export function useZoom(size, key) {
  const view = useRef(/** @type {any} */ (null));
  const [room, setRoom] = useState({ width: 1, height: 1 });
  const [zoom, setZoom] = useState(/** @type {import("./zoom.js").Zoom | null} */ (null));
  /** @type {{current: Map<number, {x: number, y: number}>}} */
  const pointers = useRef(new Map());
  useEffect(() => setZoom(null), [key]);
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    setRoom({ width: element.clientWidth, height: element.clientHeight });
    return () => observer.disconnect();
  }, [key]);
  const now = zoom ? kept(zoom, size, room) : fitted(size, room);
  const middle = (/** @type {{clientX: number, clientY: number}} */ event) => {
    const box = view.current.getBoundingClientRect();
    return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  };
  const by = (/** @type {number} */ factor, at = { x: 0, y: 0 }) =>
    setZoom((before) => zoomedAt(before ?? now, factor, at.x, at.y, size, room));
  const actual = (at = { x: 0, y: 0 }) =>
    zoom ? setZoom(null) : by((now.scale < 0.999 ? 1 : now.scale * 2) / now.scale, at);
  const handlers = {
    onWheel: (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      by(Math.exp(-event.deltaY * WHEEL), middle(event));
    },
    onDblClick: (/** @type {MouseEvent} */ event) => actual(middle(event)),
    onPointerDown: (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0 || /** @type {HTMLElement} */ (event.target).closest("button, a, input")) return;
      view.current.setPointerCapture(event.pointerId);
      pointers.current.set(event.pointerId, middle(event));
    },
    onPointerMove: (/** @type {PointerEvent} */ event) => {
      const before = pointers.current.get(event.pointerId);
      if (!before) return;
      const after = middle(event);
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, after);
      if (other) {
        const apart = (/** @type {{x: number, y: number}} */ one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
        by(apart(after) / apart(before), { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 });
      } else if (zoom) setZoom(panned(now, after.x - before.x, after.y - before.y, size, room));
    },
    onPointerUp: (/** @type {PointerEvent} */ event) => pointers.current.delete(event.pointerId),
    onPointerCancel: (/** @type {PointerEvent} */ event) => pointers.current.delete(event.pointerId),
  };
  const style = {
    width: `${size.width}px`,
    height: `${size.height}px`,
    transform: `translate(-50%, -50%) translate(${now.x}px, ${now.y}px) scale(${now.scale})`,
    imageRendering: now.scale >= 3 ? "pixelated" : "auto",
  };
  return {
    view,
    handlers,
    style,
    scale: now.scale,
    isFitted: !zoom,
    in: () => by(STEP),
    out: () => by(1 / STEP),
    actual: () => actual(),
  };
}

/** @param {{picture: any, zoom: ReturnType<typeof useZoom>, alt: string}} props */
export function Shown({ picture, zoom, alt }) {
  if (picture.media_type.startsWith("video")) {
    return html`<div class="gallery-stage"><video class="gallery-film" src=${picture.file} controls loop autoplay muted playsinline aria-label=${alt}></video></div>`;
  }
  return html`<div class=${`gallery-stage ${zoom.isFitted ? "" : "gallery-stage-zoomed"}`} ref=${zoom.view} ...${zoom.handlers}>
    <img class="gallery-large" src=${picture.file} alt=${alt} draggable=${false} style=${zoom.style} key=${picture.id} />
  </div>`;
}
