/** One grid: its table, how far it is, and what can be done with it; a cell opens as a picture. */
import { api } from "../core/api.js";
import { sendTo } from "../core/handoff.js";
import { html, useEffect, useState } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { donePart, secondsLeft } from "../core/pace.js";
import { go, href } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { confirm } from "../parts/dialog.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { Progress } from "../parts/progress.js";
import { Tabs } from "../parts/tabs.js";
import { toastError } from "../parts/toast.js";
import { Told } from "../parts/told.js";
import { Notes } from "../prompts/words.js";
import { useGrid } from "./follow.js";
import { LEAST, look, MOST, setCell } from "./look.js";
import { fieldName, valueName } from "./names.js";
import { Opened, useSettings } from "./opened.js";
import { Sheet, useCellWidth } from "./sheet.js";
import { cellAt, placeOf } from "./table.js";

const STEP = 1.25;

/** @param {{id: string, opened?: string}} props `opened` is the number of a cell */
export function GridPage({ id, opened }) {
  const followed = useGrid(id);
  if (followed.missing && !followed.grid)
    return html`<${Empty} icon="grids" title=${t("grids.gone")}><${Button} onClick=${() => go("grids")}>${t("grids.all_grids")}<//><//>`;
  if (!followed.grid) return html`<div class="grids-page"></div>`;
  return html`<${Page} followed=${followed} opened=${opened} />`;
}

/** @param {{followed: import("./follow.js").Followed, opened?: string}} props */
function Page({ followed, opened }) {
  const { grid } = followed;
  const [cell, setCurrent] = useState(Number(opened ?? 0) || 0);
  const { room, width } = useCellWidth(grid);
  const { block } = placeOf(grid, cell);
  useEffect(() => {
    if (opened !== undefined) setCurrent(Math.min(Number(opened) || 0, grid.cells.length - 1));
  }, [opened]);
  const toBlock = (/** @type {number} */ to) => setCurrent(cellAt(grid, { ...placeOf(grid, cell), block: to }));
  useTableKeys({ followed, cell, width, isOpen: opened !== undefined, toBlock, setCurrent });
  return html`<div class="grids-page">
    <div class="grids-whole" inert=${opened !== undefined}>
      <${Head} followed=${followed} width=${width} />
      <${State} followed=${followed} />
      ${grid.blocks > 1 && html`<${Pages} axis=${grid.axes[2]} block=${block} onBlock=${toBlock} />`}
      <div class="grids-scroller" ref=${room}>
        <${Sheet} followed=${followed} block=${block} cell=${cell} width=${width} onCell=${setCurrent} />
        <${NotesOfGrid} notes=${grid.warnings} />
      </div>
    </div>
    ${opened !== undefined && html`<${Opened} followed=${followed} cell=${cell} />`}
  </div>`;
}

/** @param {{followed: import("./follow.js").Followed, cell: number, width: number, isOpen: boolean, toBlock: (block: number) => void, setCurrent: (cell: number) => void}} props */
function useTableKeys({ followed, cell, width, isOpen, toBlock, setCurrent }) {
  const { grid, pictures } = followed;
  const shown = () => pictures.get(grid.cells[cell]?.[0]);
  const turn = (/** @type {number} */ by) =>
    toBlock(Math.min(Math.max(placeOf(grid, cell).block + by, 0), grid.blocks - 1));
  const onCell = () => document.activeElement?.closest(".grids-table");
  const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  const enter = () => {
    if (!onCell()) /** @type {HTMLElement | null} */ (document.querySelector('.grids-cell[tabindex="0"]'))?.focus();
    setCurrent(cell);
  };
  useKeys(
    "grids",
    isOpen
      ? []
      : [
          ...moves.map((keys) => ({ keys, what: "grids.keys.move", run: enter })),
          { keys: "[", what: "grids.keys.page_before", run: () => turn(-1) },
          { keys: "]", what: "grids.keys.page_after", run: () => turn(1) },
          { keys: "+", what: "grids.keys.larger", run: () => setCell(width * STEP) },
          { keys: "-", what: "grids.keys.smaller", run: () => setCell(width / STEP) },
          { keys: "0", what: "grids.keys.fit", run: () => setCell(0) },
          { keys: "u", what: "grids.keys.use", run: () => shown() && useSettings(shown()) },
          { keys: "Escape", what: "grids.all_grids", run: () => go("grids") },
        ],
  );
}

/** The values of the third axis, a page each. @param {{axis: any, block: number, onBlock: (block: number) => void}} props */
function Pages({ axis, block, onBlock }) {
  const tabs = axis.values.map((/** @type {string} */ value, /** @type {number} */ at) => ({
    id: String(at),
    label: valueName(axis.field, value),
  }));
  return html`<div class="grids-pages"><span class="grids-pages-name">${fieldName(axis.field)}</span>
    <${Tabs} label=${fieldName(axis.field)} tabs=${tabs} value=${String(block)} onChange=${(/** @type {string} */ to) => onBlock(Number(to))} /></div>`;
}

/** @param {any} grid @param {string} what */
async function act(grid, what) {
  await api.post(`jobs/${grid.id}/${what}`).catch(toastError);
}

/** @param {any} grid */
async function forget(grid) {
  const question = { title: t("grids.forget"), text: t("grids.forget.about"), yes: t("common.remove"), danger: true };
  if (!(await confirm(question))) return;
  try {
    await api.delete(`jobs/${grid.id}`);
    go("grids");
  } catch (error) {
    toastError(error);
  }
}

/** @param {{followed: import("./follow.js").Followed, width: number}} props */
function Head({ followed, width }) {
  const { grid, job } = followed;
  const ended = !["queued", "running"].includes(job.state);
  const again = () => sendTo("grids", { request: grid.request });
  return html`<header class="grids-bar">
    <a class="button button-quiet button-icon" href=${href("grids")} aria-label=${t("grids.all_grids")} title=${t("grids.all_grids")}><${Icon} name="left" /></a>
    <h2 class="grids-title" title=${grid.words}>${grid.words || t("grids.untitled")}</h2>
    <span class="spread"></span>
    <div class="grids-zoom">
      <${IconButton} small icon="zoomout" label=${t("grids.keys.smaller")} onClick=${() => setCell(width / STEP)} />
      <input type="range" class="slider-range" min=${LEAST} max=${MOST} value=${width} aria-label=${t("grids.size")} style=${{ "--share": `${(100 * (width - LEAST)) / (MOST - LEAST)}%` }}
        onInput=${(/** @type {any} */ event) => setCell(Number(event.currentTarget.value))} />
      <${IconButton} small icon="zoomin" label=${t("grids.keys.larger")} onClick=${() => setCell(width * STEP)} />
      <${IconButton} small icon="fit" label=${t("grids.keys.fit")} pressed=${look.value.cell === 0} onClick=${() => setCell(0)} />
    </div>
    ${grid.sheet && html`<a class="button button-plain" href=${`${grid.sheet.file}?download=true`} download title=${t("grids.sheet.about")}><${Icon} name="download" size=${18} /><span class="grids-wide">${t("grids.sheet")}</span></a>`}
    <${Button} icon="grids" title=${t("grids.again.about")} onClick=${again}><span class="grids-wide">${t("grids.again")}</span><//>
    <${Menu} label=${t("common.more")} items=${[
      grid.sheet && {
        label: t("grids.sheet.open"),
        icon: "gallery",
        run: () => go(`gallery/${grid.sheet.id}`),
      },
      ended && { label: t("grids.forget"), icon: "trash", run: () => forget(grid), danger: true },
      !ended && { label: t("common.cancel"), icon: "stop", run: () => act(grid, "cancel") },
    ]} />
  </header>`;
}

/** What there was to say before it was drawn. @param {{notes: import("../api-types.d.ts").Note[]}} props */
function NotesOfGrid({ notes }) {
  return (
    notes.length > 0 && html`<div class="grids-notes"><${Notes} notes=${notes} class="grids-said" size=${16} /></div>`
  );
}

/** How far it is, or how it ended. @param {{followed: import("./follow.js").Followed}} props */
function State({ followed }) {
  const { grid, job, pictures } = followed;
  const done = Math.max(pictures.size, Math.min(job.done, job.total));
  if (job.state === "completed") return null;
  if (job.state === "running" || job.state === "queued") {
    const words = job.state === "queued" ? t("grids.waits") : t("grids.done", { done, total: job.total });
    return html`<div class="grids-progress">
      <${Progress} value=${job.state === "queued" ? done : donePart(job)} total=${job.total} seconds=${job.state === "running" ? secondsLeft(job) : null} label=${words} />
      <${Button} small icon="stop" onClick=${() => act(grid, "cancel")}>${t("common.cancel")}<//>
    </div>`;
  }
  const why = job.error ? html`<${Told} problem=${job.error} />` : t("grids.cancelled", { done, total: job.total });
  return html`<div class=${`note grids-note ${job.state === "failed" ? "note-error" : ""}`} role="status"><${Icon} name=${job.state === "failed" ? "warning" : "info"} size=${18} /><span>${why}</span>
    <${Button} small icon="retry" onClick=${() => act(grid, "retry")}>${t("grids.go_on")}<//></div>`;
}
