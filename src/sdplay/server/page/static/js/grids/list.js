/** The grids that were drawn, and those that wait or grow. */
import { ago } from "../core/format.js";
import { html } from "../core/html.js";
import { donePart, secondsLeft } from "../core/pace.js";
import { href } from "../core/router.js";
import { jobs } from "../core/store.js";
import { t } from "../core/words.js";
import { Button } from "../parts/button.js";
import { jobList } from "../parts/joblist.js";
import { Progress } from "../parts/progress.js";
import { fieldName } from "./names.js";

const {
  list: grids,
  next,
  more,
  useFollowed,
} = jobList({
  path: "grids",
  modes: ["grid"],
  limit: 24,
  soon: 400,
  also: ["changed", "reset"],
});

export function GridList() {
  useFollowed();
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
