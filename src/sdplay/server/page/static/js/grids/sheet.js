/** The table of a grid: labels that stay in sight, and cells that fill in as they are drawn. */
import { html, useLayoutEffect, useRef, useState } from "../core/html.js";
import { go } from "../core/router.js";
import { t } from "../core/words.js";
import { Cell } from "./cell.js";
import { look } from "./look.js";
import { fieldName, valueName } from "./names.js";
import { cellAt, fittingCell, placeOf, stepped } from "./table.js";

const LABELS = { width: 150, height: 76 }; // pixels of the labels, at most as a rule
const NARROW_LABELS = 96;
const NARROW = 720; // pixels of the window, as in the style
const GAP = 6;
const LIMITS = { least: 72, enough: 150, most: 400 };

/** How a cell is shaped, width by height: as the first picture that is there, else as the service foresees it. @param {any} grid */
function ratioOf(grid) {
  const { width, height } = grid.pictures[0] ?? grid;
  return width && height ? width / height : 1;
}

/** The width of a cell in pixels. @param {any} grid */
export function useCellWidth(grid) {
  const room = useRef(/** @type {HTMLElement | null} */ (null));
  const [size, setSize] = useState({ width: 800, height: 600 });
  useLayoutEffect(() => {
    const element = room.current;
    if (!element) return undefined;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const labels = size.width < NARROW ? NARROW_LABELS : LABELS.width;
  const free = {
    width: size.width - labels - GAP * (grid.columns + 2),
    height: size.height - LABELS.height - GAP * (grid.rows + 1),
  };
  return { room, width: look.value.cell || fittingCell(free, grid, ratioOf(grid), LIMITS) };
}

/**
 * @param {{followed: import("./follow.js").Followed, block: number, cell: number, onCell: (cell: number) => void, width: number}} props
 * `cell` is the one that keys act on; `block` the value of the third axis that is shown.
 */
export function Sheet({ followed, block, cell, onCell, width }) {
  const { grid } = followed;
  const [across, down] = grid.axes;
  const table = useRef(/** @type {HTMLElement | null} */ (null));
  const moved = useRef(false);
  useLayoutEffect(() => {
    // at once: the next key may come before the browser has painted
    if (!moved.current) return;
    moved.current = false;
    /** @type {HTMLElement | null | undefined} */ (table.current?.querySelector(`[data-cell="${cell}"]`))?.focus();
  }, [cell]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const next = stepped(grid, cell, event.key);
    if (next === undefined) return;
    event.preventDefault();
    moved.current = next !== cell;
    onCell(next);
  };
  const shown = { ...placeOf(grid, cell), block };
  const style = { "--cell": `${width}px`, "--ratio": String(ratioOf(grid)) };
  const title = grid.axes.map((/** @type {any} */ axis) => fieldName(axis.field)).join(" × ");
  return html`<table class="grids-table" ref=${table} style=${style} onKeyDown=${onKeyDown}>
    <caption class="unseen">${title}: ${grid.words}</caption>
    <thead><tr>
      <td class="grids-corner"><span>${fieldName(across.field)} →</span>${down && html`<span>${fieldName(down.field)} ↓</span>`}</td>
      ${across.values.map((/** @type {string} */ value, /** @type {number} */ at) => html`<th scope="col" key=${at} title=${value}><span class="unseen">${fieldName(across.field)} </span><span class="grids-label">${valueName(across.field, value)}</span></th>`)}
    </tr></thead>
    <tbody>${Array.from(
      { length: grid.rows },
      (_, row) => html`<tr key=${row}>
      <th scope="row" title=${down?.values[row]}>${down ? html`<span class="unseen">${fieldName(down.field)} </span><span class="grids-label">${valueName(down.field, down.values[row])}</span>` : html`<span class="unseen">${t("grids.row")}</span>`}</th>
      ${Array.from({ length: grid.columns }, (__, column) => {
        const number = cellAt(grid, { block, row, column });
        return html`<td key=${column}><${Cell} followed=${followed} cell=${number} width=${width} current=${number === cellAt(grid, shown)}
          onFocus=${() => onCell(number)} onOpen=${() => go(`grids/${grid.id}/${number}`)} /></td>`;
      })}
    </tr>`,
    )}</tbody>
  </table>`;
}
