/** The stage: the picture that emerges or the newest one, large, and a strip of all that came before. */

import { seconds } from "../../core/format.js";
import { html, useEffect, useRef } from "../../core/html.js";
import { donePart, secondsLeft } from "../../core/pace.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { Progress, Ring } from "../../parts/progress.js";
import { Tile } from "../../parts/tile.js";
import { Told } from "../../parts/told.js";
import { cancelJob } from "./actions.js";
import { Caption } from "./caption.js";
import { chosen, coming, emerging, failed, follow, landing, picture, strip, walk } from "./shown.js";
import { Welcome } from "./welcome.js";

export function Stage() {
  const job = emerging.value ?? landing.value;
  const shown = picture.value;
  if (!job && !shown && !failed.value)
    return html`<section class="draw-stage draw-stage-empty"><${Welcome} />${coming.value.length > 0 && html`<${Strip} />`}</section>`;
  return html`<section class="draw-stage" aria-label=${t("draw.stage")}>
    <${Failed} />
    <div class="draw-show">${job ? html`<${Emerging} job=${job} />` : shown && html`<${Finished} picture=${shown} />`}</div>
    ${job ? html`<${Working} job=${job} />` : shown && html`<${Caption} picture=${shown} />`}
    <${Strip} />
  </section>`;
}

const LARGEST = 4; // times as large as a picture is: beyond that one sees nothing more

/** How large a picture is shown. @param {number} width @param {number} height */
function boxOf(width, height) {
  return { "--ratio": String(width / height), "--natural": `${width * LARGEST}px` };
}

/** @param {{picture: any}} props */
function Finished({ picture: one }) {
  const box = boxOf(one.width, one.height);
  return html`<figure class="draw-figure" style=${box} key=${one.id}>
    <img class="draw-picture" src=${one.file} alt=${one.prompt || t("common.picture")} width=${one.width} height=${one.height} />
    <${IconButton} icon="left" kind="plain" class="draw-walk draw-walk-left" label=${t("draw.newer")} onClick=${() => walk(-1)} />
    <${IconButton} icon="right" kind="plain" class="draw-walk draw-walk-right" label=${t("draw.older")} onClick=${() => walk(1)} />
  </figure>`;
}

/** @param {{job: any}} props */
function Emerging({ job }) {
  const { width, height } = job;
  const box = width && height ? boxOf(width, height) : { "--ratio": "1", "--natural": "768px" };
  return html`<figure class="draw-figure draw-emerging" style=${box}>
    ${job.preview ? html`<img class="draw-picture" src=${job.preview} alt=${t("draw.emerging")} />` : html`<div class="draw-blank"><${Icon} name="draw" size=${36} /></div>`}
  </figure>`;
}

/** @param {{job: any}} props */
function Working({ job }) {
  const { step, steps } = job.progress ?? {};
  const words = [
    job.total > 1 && t("draw.picture.of", { at: Math.min(job.done + 1, job.total), total: job.total }),
    steps ? t("draw.step", { step, steps }) : t("draw.starting"),
  ];
  return html`<div class="draw-working">
    <${Progress} value=${donePart(job)} total=${job.total} seconds=${secondsLeft(job)} label=${words.filter(Boolean).join(" · ")} />
    <${IconButton} icon="stop" kind="plain" label=${t("draw.cancel")} onClick=${() => cancelJob(job.id)} />
  </div>`;
}

function Failed() {
  const job = failed.value;
  if (!job) return null;
  return html`<div class="note note-error draw-failed" role="alert"><${Icon} name="warning" size=${18} />${job.error ? html`<${Told} problem=${job.error} />` : t("draw.failed")}</div>`;
}

function Strip() {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const current = emerging.value ? null : picture.value?.id;
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return html`<ul class="draw-strip" ref=${list} aria-label=${t("draw.strip")}>
    ${coming.value.map((job) => html`<li key=${job.id} class="draw-strip-item"><${Coming} job=${job} /></li>`)}
    ${strip.value.map(
      (one) => html`<li key=${one.id} class="draw-strip-item"><${Tile} picture=${one} current=${one.id === current}
      onOpen=${() => {
        chosen.value = one.id;
      }} /></li>`,
    )}
  </ul>`;
}

/** A job that runs or waits, in the strip. @param {{job: any}} props */
function Coming({ job }) {
  const left = secondsLeft(job);
  const words =
    job.state === "running"
      ? left === null
        ? t("draw.running")
        : t("common.left", { time: seconds(left) })
      : t("draw.waiting");
  return html`<button type="button" class="draw-coming" onClick=${follow} title=${words} aria-label=${words}>
    ${job.preview && html`<img src=${job.preview} alt="" />`}
    <${Ring} value=${donePart(job)} total=${job.total} size=${36}>${job.total > 1 ? job.total - job.done : ""}<//>
  </button>`;
}
