/** Dragging a row of the list to another place, by mouse, pen or finger. */
import { useRef, useState } from "../../core/html.js";

/**
 * @param {(id: string, to: number) => void} onMove
 * @returns {{item: (id: string, place: number) => any, grip: (id: string) => any}} what rows and their grips are given
 */
export function useDrag(onMove) {
  const [dragged, setDragged] = useState(/** @type {{id: string, over: number} | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const placeAt = (/** @type {number} */ y) => {
    const rows = /** @type {HTMLElement[]} */ ([...(list.current?.querySelectorAll("[data-place]") ?? [])]);
    const found = rows.findIndex((row) => y < row.getBoundingClientRect().bottom);
    return found < 0 ? rows.length - 1 : found;
  };
  const grip = (/** @type {string} */ id) => ({
    onPointerDown: (/** @type {any} */ event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      list.current = event.currentTarget.closest("ul");
      setDragged({ id, over: placeAt(event.clientY) });
    },
    onPointerMove: (/** @type {PointerEvent} */ event) => {
      if (dragged) setDragged({ id, over: placeAt(event.clientY) });
    },
    onPointerUp: (/** @type {PointerEvent} */ event) => {
      if (dragged) onMove(id, placeAt(event.clientY));
      setDragged(null);
    },
    onPointerCancel: () => setDragged(null),
  });
  const item = (/** @type {string} */ id, /** @type {number} */ place) => ({
    "data-place": place,
    "data-dragged": dragged?.id === id ? "" : undefined,
    "data-over": dragged && dragged.id !== id && dragged.over === place ? "" : undefined,
  });
  return { item, grip };
}
