/** Where tiles are on a wall of very many, and where keys lead. Pure: no DOM. */

/** @typedef {{columns: number, side: number, step: number, rows: number, height: number, total: number, left: number}} Layout */

export const GAP = 8;
export const SIZES = /** @type {const} */ ({ small: 112, medium: 176, large: 264 });
const LEAST_COLUMNS = 2;
const NARROW = 520; // pixels, below which tiles are smaller
const NARROWER = 0.55;
const OVERSCAN = 2; // rows above and below that are there before they are seen

/** @param {{width: number, total: number, size: number, padding?: number}} asked @returns {Layout} */
export function layoutOf({ width, total, size, padding = 0 }) {
  const room = Math.max(width - 2 * padding, 1);
  const wanted = room < NARROW ? size * NARROWER : size;
  const columns = Math.max(Math.floor((room + GAP) / (wanted + GAP)), LEAST_COLUMNS);
  const side = (room - GAP * (columns - 1)) / columns;
  const rows = Math.ceil(total / columns);
  const step = side + GAP;
  return { columns, side, step, rows, height: rows ? rows * step - GAP : 0, total, left: padding };
}

/** The tiles that are seen, and some more: first, and behind the last. @param {Layout} layout @param {number} top @param {number} height */
export function shownRange(layout, top, height) {
  const firstRow = Math.max(Math.floor(top / layout.step) - OVERSCAN, 0);
  const lastRow = Math.min(Math.ceil((top + height) / layout.step) + OVERSCAN, layout.rows);
  return { first: firstRow * layout.columns, last: Math.min(lastRow * layout.columns, layout.total) };
}

/** @param {Layout} layout @param {number} index */
export function placeOf(layout, index) {
  const row = Math.floor(index / layout.columns);
  return { x: layout.left + (index - row * layout.columns) * layout.step, y: row * layout.step };
}

/** From where the wall is scrolled to where tile `index` is seen whole. @param {Layout} layout @param {number} index @param {number} top @param {number} height */
export function scrolledTo(layout, index, top, height) {
  const { y } = placeOf(layout, index);
  if (y < top) return Math.max(y - GAP, 0);
  return y + layout.side > top + height ? y + layout.side + GAP - height : top;
}

/**
 * From where a wall that is laid anew is scrolled to where its pictures stay: that of `current` if it is seen, else the
 * first one that is. @param {Layout} before @param {Layout} after @param {number} top @param {number} height @param {number} current
 */
export function keptPlace(before, after, top, height, current) {
  if (top <= 0) return top;
  const y = current >= 0 ? placeOf(before, current).y : -1;
  const isSeen = y > top - before.side && y < top + height;
  const index = isSeen ? current : Math.floor(top / before.step) * before.columns;
  return placeOf(after, index).y + top - placeOf(before, index).y;
}

/**
 * The tile that a key leads to from `index` (-1: from none). @param {Layout} layout @param {number} index
 * @param {string} key @param {number} height of what is seen
 */
export function stepped(layout, index, key, height) {
  const { columns, total } = layout;
  if (!total) return -1;
  const page = Math.max(Math.floor(height / layout.step), 1) * columns;
  const steps = /** @type {Record<string, number>} */ ({
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -page,
    PageDown: page,
    Home: -total,
    End: total,
  });
  if (index < 0) return key === "End" ? total - 1 : 0;
  const next = index + (steps[key] ?? 0);
  if (key === "ArrowUp" && next < 0) return index;
  if (key === "ArrowDown" && next >= total) {
    return Math.floor(index / columns) < layout.rows - 1 ? total - 1 : index;
  }
  return Math.min(Math.max(next, 0), total - 1);
}
