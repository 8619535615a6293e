/** One job in the list: what it draws, how far it is, what can be done with it. */

import { api } from "../../core/api.js";
import { ago, seconds } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html } from "../../core/html.js";
import { donePart, secondsLeft } from "../../core/pace.js";
import { href } from "../../core/router.js";
import { recent } from "../../core/store.js";
import { has, t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { Menu } from "../../parts/menu.js";
import { Progress } from "../../parts/progress.js";
import { toastError } from "../../parts/toast.js";
import { Told } from "../../parts/told.js";
import { cancel, forget, move, retry } from "./actions.js";

const ICONS = {
  txt2img: "draw",
  img2img: "image",
  inpaint: "brush",
  dream: "films",
  animate: "films",
  grid: "grids",
  upscale: "zoomin",
  verify: "verify",
};

/** The views in which jobs have a page of their own. */
const PAGES = /** @type {Record<string, string>} */ ({ dream: "films", animate: "films", grid: "grids" });

/** @param {{job: any}} props */
function Sight({ job }) {
  const shown = job.preview ?? recent.value.find((one) => one.job === job.id)?.thumbnail;
  const name = /** @type {Record<string, string>} */ (ICONS)[job.mode] ?? "image";
  return html`<span class="queue-sight">${shown ? html`<img src=${shown} alt="" loading="lazy" />` : html`<${Icon} name=${name} size=${20} />`}</span>`;
}

/** @param {string} mode */
function modeName(mode) {
  return has(`queue.mode.${mode}`) ? t(`queue.mode.${mode}`) : mode;
}

/** @param {{job: any, facts: (string | false | null | undefined)[]}} props */
function Words({ job, facts }) {
  const page = PAGES[job.mode];
  const words = job.words || modeName(job.mode);
  return html`<span class="queue-words">
    ${
      page
        ? html`<a class="queue-prompt" href=${href(`${page}/${job.id}`)} title=${job.words}>${words}</a>`
        : html`<span class="queue-prompt" title=${job.words}>${words}</span>`
    }
    <span class="queue-facts">${[modeName(job.mode), ...facts].filter(Boolean).join(" · ")}</span>
  </span>`;
}

/** @param {{job: any}} props */
export function Running({ job }) {
  const { step, steps } = job.progress ?? {};
  return html`<li class="queue-job queue-running">
    <${Sight} job=${job} />
    <div class="queue-middle">
      <${Words} job=${job} facts=${[counted(job)]} />
      <${Progress} value=${donePart(job)} total=${job.total} seconds=${secondsLeft(job)} label=${steps ? t("draw.step", { step, steps }) : t("draw.starting")} />
    </div>
    <${IconButton} small icon="stop" label=${t("draw.cancel")} onClick=${() => cancel(job.id)} />
  </li>`;
}

/** @param {any} job */
function counted(job) {
  return job.total > 1 && t("queue.done", { done: job.done, total: job.total });
}

/** @param {{job: any, place: number, last: number, drag: any, wait: number | null}} props */
export function Waiting({ job, place, last, drag, wait }) {
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: last }[/** @type {string} */ (event.key)];
    if (step === undefined) return;
    event.preventDefault();
    move(job.id, step);
  };
  return html`<li class="queue-job" ...${drag.item(job.id, place)}>
    <button type="button" class="queue-grip" aria-label=${t("queue.grip", { place: place + 1, name: job.words })} title=${t("queue.grip.about")} onKeyDown=${onKeyDown} ...${drag.grip(job.id)}>
      <${Icon} name="grip" size=${18} />
    </button>
    <${Sight} job=${job} />
    <${Words} job=${job} facts=${[job.total > 1 && t("common.pictures", { count: job.total }), wait !== null && t("queue.starts", { time: seconds(wait) })]} />
    <${Menu} small label=${t("common.more")} items=${[
      { label: t("queue.to.first"), icon: "first", disabled: place === 0, run: () => move(job.id, 0) },
      { label: t("queue.to.earlier"), icon: "up", disabled: place === 0, run: () => move(job.id, place - 1) },
      { label: t("queue.to.later"), icon: "down", disabled: place === last, run: () => move(job.id, place + 1) },
    ]} />
    <${IconButton} small icon="close" label=${t("queue.cancel", { name: job.words })} onClick=${() => cancel(job.id)} />
  </li>`;
}

/** @param {{job: any}} props */
export function Ended({ job }) {
  const good = job.state === "completed";
  const use = async () => {
    try {
      const { request } = await api.get(`jobs/${job.id}`);
      sendTo(job.mode === "grid" ? "grids" : "draw", { request });
    } catch (error) {
      toastError(error);
    }
  };
  return html`<li class="queue-job">
    <${Sight} job=${job} />
    <div class="queue-middle">
      <${Words} job=${job} facts=${[t(`queue.state.${job.state}`), counted(job), job.ended && ago(job.ended)]} />
      ${job.error && html`<p class="queue-error"><${Told} problem=${job.error} /></p>`}
    </div>
    ${!good && html`<${IconButton} small icon="retry" label=${t("queue.retry", { name: job.words })} onClick=${() => retry(job.id)} />`}
    <${Menu} small label=${t("common.more")} items=${[
      { label: t("queue.use"), icon: "draw", run: use },
      !good && { label: t("common.retry"), icon: "retry", run: () => retry(job.id) },
      { label: t("queue.forget"), icon: "close", run: () => forget(job.id) },
    ]} />
  </li>`;
}
