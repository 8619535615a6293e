/** How grids are looked at: the width of their cells in pixels, 0 for as wide as all are seen. */
import { draft } from "../core/drafts.js";

export const LEAST = 48;
export const MOST = 640;
export const look = draft("grids.look", { cell: 0 });

/** @param {number} cell */
export function setCell(cell) {
  look.value = { cell: cell && Math.round(Math.min(Math.max(cell, LEAST), MOST)) };
}
