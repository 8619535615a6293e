/** The grid before it is drawn: its labels, and empty cells in the shape of its pictures. */
import { number } from "../core/format.js";
import { html } from "../core/html.js";
import { valuesOf } from "./axes.js";
import { axes, base, factsOf, usualSide } from "./draft.js";
import { plan } from "./foresee.js";
import { fieldName, valueName } from "./names.js";

const MOST_COLUMNS = 8;
const MOST_ROWS = 4;

/** The axes that have values, with these as they are read. */
function shown() {
  return axes.value.flatMap((axis) => {
    const facts = factsOf(axis.field);
    const values = facts ? valuesOf(axis, facts) : [];
    return values.length ? [{ field: axis.field, values }] : [];
  });
}

/** A picture of it: whoever cannot see it is told the same by the axes and the button. */
export function Outline() {
  const [across, down, pages] = shown();
  if (!across) return null;
  const columns = across.values.slice(0, MOST_COLUMNS);
  const rows = (down?.values ?? [""]).slice(0, MOST_ROWS);
  const width = plan.value?.width ?? base.value.width ?? usualSide.value;
  const height = plan.value?.height ?? base.value.height ?? usualSide.value;
  const ratio = String(width / height);
  const left = across.values.length - columns.length;
  const below = (down?.values.length ?? 1) - rows.length;
  return html`<figure class="grids-outline" aria-hidden="true">
    <figcaption>${[across, down, pages].filter(Boolean).map((axis) => html`<span key=${axis?.field}><strong>${fieldName(axis?.field ?? "")}</strong> ${number(axis?.values.length ?? 0)}</span>`)}</figcaption>
    <div class=${`grids-outline-sheet ${pages && pages.values.length > 1 ? "grids-outline-pages" : ""}`}>
      <table>
        <thead><tr><td></td>${columns.map((value, at) => html`<th key=${at}>${valueName(across.field, value)}</th>`)}${left > 0 && html`<th class="grids-outline-more">+${number(left)}</th>`}</tr></thead>
        <tbody>${rows.map(
          (row, at) => html`<tr key=${at}><th>${down && valueName(down.field, row)}</th>
          ${columns.map((_, column) => html`<td key=${column}><span class="grids-outline-cell" style=${{ aspectRatio: ratio }}></span></td>`)}</tr>`,
        )}
        ${below > 0 && html`<tr><th class="grids-outline-more">+${number(below)}</th></tr>`}</tbody>
      </table>
    </div>
  </figure>`;
}
