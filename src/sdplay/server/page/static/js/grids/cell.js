/** A cell of a grid: its pictures, what emerges there, or that it waits. */
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";
import { Ring } from "../parts/progress.js";
import { fieldName, valueName } from "./names.js";
import { stateOf, valuesAt } from "./table.js";

const THUMBNAIL = 320; // pixels of the longest side

/** What a cell is called: "Steps 10, Guidance scale 7". @param {any} grid @param {number} cell */
export function nameOf(grid, cell) {
  return valuesAt(grid, cell)
    .map(({ field, value }) => `${fieldName(field)} ${valueName(field, value)}`)
    .join(", ");
}

/** @param {{followed: import("./follow.js").Followed, cell: number, width: number, current: boolean, onOpen: () => void, onFocus: () => void}} props */
export function Cell({ followed, cell, width, current, onOpen, onFocus }) {
  const { grid, pictures, job } = followed;
  const numbers = grid.cells[cell] ?? [];
  const states = numbers.map((/** @type {number} */ number) => stateOf(number, pictures, job));
  const across = Math.ceil(Math.sqrt(numbers.length));
  const first = states.find((/** @type {string} */ state) => state !== "done") ?? "done";
  const label = `${nameOf(grid, cell)}: ${t(`grids.cell.${first}`)}`;
  return html`<button type="button" class=${`grids-cell grids-cell-${first}`} data-cell=${cell} tabindex=${current ? 0 : -1} aria-label=${label}
    style=${numbers.length > 1 ? { "--across": String(across) } : undefined} onClick=${onOpen} onFocus=${onFocus}>
    ${numbers.map((/** @type {number} */ number, /** @type {number} */ at) => html`<${Inside} key=${number} picture=${pictures.get(number)} state=${states[at]} job=${job} width=${width / across} />`)}
  </button>`;
}

/** @param {{picture: any, state: string, job: any, width: number}} props */
function Inside({ picture, state, job, width }) {
  if (state === "done") {
    const large = width * (globalThis.devicePixelRatio || 1) > THUMBNAIL;
    return html`<img class="grids-picture" src=${large ? picture.file : picture.thumbnail} alt="" loading="lazy" decoding="async" draggable=${false} />`;
  }
  if (state === "drawing") {
    const { step = 0, steps = 1, indices = [] } = job.progress ?? {};
    return html`<span class="grids-inside grids-inside-drawing">
      ${job.preview && indices.length === 1 && html`<img class="grids-picture" src=${job.preview} alt="" />`}
      <span class="grids-ring"><${Ring} value=${step} total=${steps} size=${30}>${step}<//></span>
    </span>`;
  }
  return html`<span class="grids-inside">${state === "missing" && html`<${Icon} name="image" size=${20} />`}</span>`;
}
