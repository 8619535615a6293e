/** The grids that were drawn, and those that wait or grow. */
import { api } from "../core/api.js";
import { onEvent } from "../core/events.js";
import { ago } from "../core/format.js";
import { html, signal, useEffect } from "../core/html.js";
import { donePart, secondsLeft } from "../core/pace.js";
import { href } from "../core/router.js";
import { jobs } from "../core/store.js";
import { t } from "../core/words.js";
import { Button } from "../parts/button.js";
import { Progress } from "../parts/progress.js";
import { toastError } from "../parts/toast.js";
import { fieldName } from "./names.js";

const grids = signal(/** @type {any[] | null} */ (null));
const next = signal(/** @type {string | null} */ (null));
const PAGE = 24;
const TOLD = new Set(["started", "picture", "finished", "forgotten"]);
const SOON = 400; // milliseconds: many events are one question

/** Whether what happens concerns a grid. @param {{type: string, data: Record<string, any>}} event */
function concerns({ type, data }) {
  if (type === "queued") return data.mode === undefined || data.mode === "grid";
  if (type === "changed" || type === "reset") return true;
  return TOLD.has(type) && (grids.value?.some((grid) => grid.id === data.job) ?? true);
}

async function refresh() {
  const told = await api.get(`grids?limit=${PAGE}`).catch(toastError);
  if (!told) return;
  grids.value = told.grids;
  next.value = told.next;
}

async function more() {
  const told = await api.get(`grids?limit=${PAGE}&before=${next.value}`).catch(toastError);
  if (!told) return;
  grids.value = [...(grids.value ?? []), ...told.grids];
  next.value = told.next;
}

export function GridList() {
  useEffect(() => {
    refresh();
    let soon = 0;
    const stop = onEvent((event) => {
      if (!concerns(event)) return;
      clearTimeout(soon);
      soon = window.setTimeout(refresh, SOON);
    });
    return () => {
      clearTimeout(soon);
      stop();
    };
  }, []);
  if (!grids.value?.length) return grids.value && html`<p class="grids-none">${t("grids.none_yet")}</p>`;
  return html`<section class="grids-before" aria-labelledby="grids-before">
    <h2 id="grids-before">${t("grids.before")}</h2>
    <ul class="grids-list">${grids.value.map((grid) => html`<li key=${grid.id}><${GridCard} grid=${grid} /></li>`)}</ul>
    ${next.value && html`<div><${Button} onClick=${more}>${t("grids.older")}<//></div>`}
  </section>`;
}

/** @param {{grid: any}} props */
function GridCard({ grid }) {
  const job = jobs.value.get(grid.id) ?? grid;
  const names = grid.axes.map((/** @type {any} */ axis) => fieldName(axis.field)).join(" × ");
  const columns = grid.covers[0]?.length ?? 1;
  return html`<a class="grids-card" href=${href(`grids/${grid.id}`)}>
    <span class="grids-covers" style=${{ "--columns": String(columns) }} aria-hidden="true">
      ${grid.covers.flat().map((/** @type {string | null} */ cover, /** @type {number} */ at) => html`<span class="grids-cover" key=${at} style=${{ aspectRatio: grid.width && grid.height ? String(grid.width / grid.height) : "1" }}>${cover && html`<img src=${cover} alt="" loading="lazy" />`}</span>`)}
    </span>
    ${job.state !== "completed" && html`<span class=${`grids-state grids-state-${job.state}`}>${t(`grids.state.${job.state}`)}</span>`}
    ${job.state === "running" && html`<${Progress} thin value=${donePart(job)} total=${job.total} seconds=${secondsLeft(job)} label=${grid.words} />`}
    <span class="grids-card-words">${grid.words || t("grids.untitled")}</span>
    <span class="grids-card-about">${names} · ${t("common.pictures", { count: grid.total })} · ${ago(grid.created)}</span>
  </a>`;
}
