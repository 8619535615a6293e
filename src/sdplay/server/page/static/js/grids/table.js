/** Where the cells of a grid stand, and what is in them. Pure: no DOM. */

/** @typedef {{columns: number, rows: number, blocks: number}} Shape */
/** @typedef {{block: number, row: number, column: number}} Place */
/** `at` is the number of the cell's picture among those of the cell. @typedef {"done" | "drawing" | "waiting" | "missing"} CellState */

/** The number of the cell at a place. @param {Shape} shape @param {Place} place */
export function cellAt(shape, { block, row, column }) {
  return (block * shape.rows + row) * shape.columns + column;
}

/** Where a cell stands. @param {Shape} shape @param {number} cell @returns {Place} */
export function placeOf(shape, cell) {
  const row = Math.floor(cell / shape.columns);
  return { block: Math.floor(row / shape.rows), row: row % shape.rows, column: cell % shape.columns };
}

const STEPS = /** @type {Record<string, [keyof Place, number]>} */ ({
  ArrowLeft: ["column", -1],
  ArrowRight: ["column", 1],
  ArrowUp: ["row", -1],
  ArrowDown: ["row", 1],
  PageUp: ["block", -1],
  PageDown: ["block", 1],
});

/** The cell that a key leads to, the same one at an edge; undefined for another key. @param {Shape} shape @param {number} cell @param {string} key @returns {number | undefined} */
export function stepped(shape, cell, key) {
  const place = placeOf(shape, cell);
  if (key === "Home") return cellAt(shape, { ...place, column: 0 });
  if (key === "End") return cellAt(shape, { ...place, column: shape.columns - 1 });
  const step = STEPS[key];
  if (!step) return undefined;
  const [along, by] = step;
  const most = { block: shape.blocks, row: shape.rows, column: shape.columns }[along] - 1;
  return cellAt(shape, { ...place, [along]: Math.min(Math.max(place[along] + by, 0), most) });
}

/**
 * How far picture `number` of a grid is. @param {number} number @param {ReadonlyMap<number, any>} pictures by their numbers
 * @param {{state: string, progress?: {indices?: number[]} | null}} job @returns {CellState}
 */
export function stateOf(number, pictures, job) {
  if (pictures.has(number)) return "done";
  if (job.state === "running" && job.progress?.indices?.includes(number)) return "drawing";
  return job.state === "running" || job.state === "queued" ? "waiting" : "missing";
}

/**
 * The value of each axis at a cell, the last axis first where there is one for blocks.
 * @param {{axes: {name: string, field: string, values: string[]}[]} & Shape} grid @param {number} cell
 * @returns {{field: string, value: string}[]}
 */
export function valuesAt(grid, cell) {
  const { block, row, column } = placeOf(grid, cell);
  const places = [column, row, block];
  return grid.axes.map((axis, at) => ({ field: axis.field, value: axis.values[places[at] ?? 0] ?? "" }));
}

/**
 * The width of a cell in pixels with which all columns are seen in `room`, and all rows where cells stay large enough.
 * @param {{width: number, height: number}} room without the labels @param {{columns: number, rows: number}} shape
 * @param {number} ratio width by height of a cell @param {{least: number, enough: number, most: number}} limits
 */
export function fittingCell(room, shape, ratio, { least, enough, most }) {
  const across = room.width / shape.columns;
  const down = (room.height / shape.rows) * ratio;
  return Math.floor(Math.min(Math.max(Math.min(across, Math.max(down, enough)), least), most));
}
