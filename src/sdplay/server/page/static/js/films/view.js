/** How the timeline is looked at: pixels a frame, how far it is scrolled, and where the lanes begin. */
import { computed, signal } from "../core/html.js";
import { fps, frameCount, playhead, seek, snapping } from "./animatestate.js";
import { sound } from "./soundstate.js";
import { fitting, snapped, zoomed } from "./timescale.js";

const REACH = 7; // pixels within which a point holds on to a beat

/** The width of the lanes that can be seen; 0 until it is known. */
export const width = signal(800);
/** Pixels a frame that somebody chose; null: the whole film is seen. */
export const chosen = signal(/** @type {number | null} */ (null));
export const scrolled = signal(0);
const MARGIN = 24; // so that the last frame's point is whole
export const scale = computed(() => chosen.value ?? fitting(frameCount.value - 1, width.value - MARGIN));
export const length = computed(() => Math.max((frameCount.value - 1) * scale.value + MARGIN, width.value));
export const firstSeen = computed(() => Math.floor(scrolled.value / scale.value));
export const lastSeen = computed(() =>
  Math.min(Math.ceil((scrolled.value + width.value) / scale.value), frameCount.value - 1),
);

/** @type {HTMLElement | null} */
let scroller = null;

/** @param {HTMLElement | null} element what scrolls */
export function setScroller(element) {
  scroller = element;
}

/** Nearer or farther, the playhead staying where it is. @param {number} factor */
export function zoomBy(factor) {
  const before = playhead.peek() * scale.peek() - scrolled.peek();
  const least = fitting(frameCount.peek() - 1, width.peek() - MARGIN);
  const wanted = zoomed(scale.peek(), factor);
  chosen.value = wanted <= least ? null : wanted;
  const at = playhead.peek() * scale.peek() - Math.min(Math.max(before, 0), width.peek());
  requestAnimationFrame(() => scroller?.scrollTo({ left: at }));
}

export function zoomToFit() {
  chosen.value = null;
}

/** Frames that points hold on to: beats, where there is a sound. */
export const holds = computed(() =>
  snapping.value && sound.value ? sound.value.beats.map((/** @type {number} */ time) => time * fps.value) : [],
);

/** The frame at `x` pixels from the first one. @param {number} x @param {boolean} [free] holds on to nothing */
export function frameAt(x, free = false) {
  const frame = x / scale.peek();
  const held = free ? Math.round(frame) : snapped(frame, holds.peek(), REACH / scale.peek());
  return Math.min(Math.max(held, 0), frameCount.peek() - 1);
}

/** Where a pointer is, in pixels from the first frame. @param {PointerEvent | MouseEvent} event @param {Element} lane */
export function pointerX(event, lane) {
  return event.clientX - lane.getBoundingClientRect().left;
}

/** The playhead follows a pointer that is held down on `lane`. @param {PointerEvent} event @param {() => void} [after] */
export function scrub(event, after) {
  const lane = /** @type {Element} */ (event.currentTarget);
  const move = (/** @type {PointerEvent} */ at) => {
    seek(frameAt(pointerX(at, lane)));
    after?.();
  };
  dragging(event, move);
  move(event);
}

/**
 * Follow a pointer until it is let go of. @param {PointerEvent} event
 * @param {(event: PointerEvent) => void} move @param {(event: PointerEvent) => void} [end]
 */
export function dragging(event, move, end) {
  if (event.button) return;
  const target = /** @type {Element} */ (event.currentTarget);
  target.setPointerCapture(event.pointerId);
  const onMove = (/** @type {Event} */ at) => move(/** @type {PointerEvent} */ (at));
  const onEnd = (/** @type {Event} */ at) => {
    target.removeEventListener("pointermove", onMove);
    target.removeEventListener("pointerup", onEnd);
    target.removeEventListener("pointercancel", onEnd);
    end?.(/** @type {PointerEvent} */ (at));
  };
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", onEnd);
  target.addEventListener("pointercancel", onEnd);
}
