/** What is to be drawn, beside the picture: words, how much may change, and how the mask is used. */

import { hasBorders } from "../../canvas/frame.js";
import { html } from "../../core/html.js";
import { models, samplers, schedules } from "../../core/store.js";
import { has, t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { NumberField, NumberSlider, Segmented, Select, Switch, TextField } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { Costs } from "../../prompts/costs.js";
import { StyleChips } from "../../prompts/styles.js";
import { PromptWords } from "../../prompts/words.js";
import { foresight } from "./foresee.js";
import { draw, sending } from "./session.js";
import { change, easel, model, settings } from "./settings.js";

const LARGEST_SEED = 2 ** 32;
const MOST_BLUR = 64; // on the slider; more can be typed
const MOST_GROW = 64;
const MOST_PADDING = 256;
const COUNTS = [1, 2, 4, 8];

/** A field of the settings: its label, its value and what is wrong with it. @param {string} name */
function field(name) {
  return {
    label: has(`fields.${name}`) ? t(`fields.${name}`) : t(`canvas.field.${name}`),
    value: settings.value[name],
    error: foresight.problems.value[name],
    onChange: (/** @type {any} */ value) => change({ [name]: value }),
  };
}

export function Panel() {
  return html`<section class="canvas-panel" aria-label=${t("canvas.settings")}>
    <div class="canvas-fields">
      <${Words} />
      <${NumberSlider} ...${field("strength")} min=${0} max=${1} step=${0.05} hint=${t("canvas.strength.about")} />
      <${MaskFields} />
      <${Segmented} label=${field("num").label} value=${settings.value.num} onChange=${field("num").onChange}
        options=${COUNTS.map((value) => ({ value, label: String(value) }))} />
      <${SeedField} />
      <${MoreFields} />
    </div>
    <div class="canvas-costs"><${Costs} foresight=${foresight} /></div>
    <${DrawButton} />
  </section>`;
}

function Words() {
  const { prompt, negative_prompt, style } = settings.value;
  return html`<${PromptWords} name="canvas" foresight=${foresight} model=${model.value.name} words=${{ prompt, negative_prompt }} onChange=${change}
    onStyle=${(/** @type {string} */ name) => change({ style: [...new Set([...style, name])] })}
    placeholders=${[t("canvas.prompt.example"), t("canvas.negative.example")]}>
    <${StyleChips} chosen=${style} error=${foresight.problems.value.style} onChange=${(/** @type {string[]} */ names) => change({ style: names })} />
  <//>`;
}

/** What counts only where there is a mask, or an edge is moved. */
function MaskFields() {
  void easel.steps.value;
  const document = easel.work.value;
  const edges = document !== null && hasBorders(document.borders);
  if (document === null || !(document.hasMask || edges)) {
    return html`<p class="note canvas-note"><${Icon} name="brush" size=${18} /><span>${t("canvas.no_mask")}</span></p>`;
  }
  const fills = ["original", "surroundings", "noise", "nothing"].map((value) => ({
    value,
    label: t(`canvas.fill.${value}`),
  }));
  return html`<${Select} ...${field("fill")} options=${fills} hint=${t(`canvas.fill.${settings.value.fill}.about`)} />
    <${NumberSlider} ...${field("mask_blur")} min=${0} max=${MOST_BLUR} typedMax=${256} />
    ${document.hasMask && html`<${NumberSlider} ...${field("mask_grow")} min=${-MOST_GROW} max=${MOST_GROW} typedMax=${256} />`}
    <${Switch} ...${field("only_masked")} hint=${t("canvas.only_masked.about")} />
    ${settings.value.only_masked && html`<${NumberSlider} ...${field("padding")} min=${0} max=${MOST_PADDING} typedMax=${2048} />`}`;
}

function SeedField() {
  const { seed } = settings.value;
  const locked = seed !== null;
  const roll = () => change({ seed: Math.floor(Math.random() * LARGEST_SEED) });
  return html`<div class="canvas-seed">
    <${NumberField} ...${field("seed")} min=${0} max=${2 ** 53} empty=${t("canvas.seed.random")} />
    <${IconButton} kind="plain" icon="dice" label=${t("canvas.seed.roll")} onClick=${roll} />
    <${IconButton} kind="plain" icon=${locked ? "lock" : "unlock"} label=${t(locked ? "canvas.seed.free" : "canvas.seed.random")}
      disabled=${!locked} onClick=${() => change({ seed: null })} />
  </div>`;
}

/** What is seldom set, folded. */
function MoreFields() {
  const known = model.value;
  const names = (/** @type {any[]} */ all, /** @type {any} */ usual) => [
    { value: null, label: usual ? t("canvas.usual", { name: usual }) : t("canvas.usual.unknown") },
    ...all.map((one) => ({ value: one.name, label: one.name })),
  ];
  const all = models.value.models.map((/** @type {any} */ one) => ({
    value: one.name === models.value.default ? "" : one.name,
    label: one.title?.split(":")[0] ?? one.name,
  }));
  return html`<details class="fold canvas-more">
    <summary><${Icon} name="right" size=${16} class="fold-arrow" />${t("canvas.more")}</summary>
    <div class="fold-body canvas-fields-inside">
      <${Select} ...${field("model")} options=${all} />
      <${NumberSlider} ...${field("steps")} min=${1} max=${60} typedMax=${1000} fallback=${known.steps ?? 20} />
      <${NumberSlider} ...${field("guidance_scale")} min=${0} max=${20} step=${0.1} typedMax=${100} fallback=${known.guidance_scale ?? 7} />
      <${NumberSlider} ...${field("guidance_rescale")} min=${0} max=${1} step=${0.05} />
      <${Select} ...${field("sampler")} options=${names(samplers.value, known.sampler)} />
      <${Select} ...${field("schedule")} options=${names(schedules.value, known.schedule)} />
      <div class="canvas-pair">
        <${NumberField} ...${field("width")} min=${1} max=${4096} empty=${t("canvas.auto")} />
        <${NumberField} ...${field("height")} min=${1} max=${4096} empty=${t("canvas.auto")} />
      </div>
      <${NumberField} ...${field("clip_skip")} min=${1} max=${12} />
      <${TextField} ...${field("lora")} value=${settings.value.lora.join(", ")} placeholder="name:0.8"
        onChange=${(/** @type {string} */ text) => change({ lora: listOf(text) })} />
    </div>
  </details>`;
}

/** @param {string} text */
function listOf(text) {
  return text.split(",").map((one) => one.trim()).filter(Boolean); // biome-ignore format: one thing
}

/** The prompt on a phone, where the other settings are a sheet. */
export function ShortPrompt() {
  return html`<${TextField} ...${field("prompt")} hideLabel placeholder=${t("canvas.prompt.example")} class="canvas-short" />`;
}

export function DrawButton() {
  return html`<footer class="canvas-foot">
    <${Button} kind="primary" icon="sparkle" class="canvas-draw" title="Ctrl+Enter" disabled=${sending.value || easel.work.value === null}
      onClick=${() => draw()}>${t("canvas.draw", { count: settings.value.num })}<//>
    <${IconButton} icon="first" kind="plain" label=${`${t("canvas.first")} (Ctrl+Shift+Enter)`} disabled=${sending.value || easel.work.value === null} onClick=${() => draw({ first: true })} />
  </footer>`;
}
