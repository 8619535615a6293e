/** What most people set: model, size, steps, guidance, sampler, seed, count. */
import { html } from "../../core/html.js";
import { models, samplers, schedules } from "../../core/store.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { NumberField, NumberSlider, Select } from "../../parts/field.js";
import { facts, model, plan, problems } from "./foresee.js";
import { change, newSeed, settings } from "./settings.js";
import { picture } from "./shown.js";
import { RATIOS, ratioOf, sideOf, sized } from "./sizes.js";

const MOST_STEPS = 60;
const MOST_GUIDANCE = 20;
const COUNTS = [1, 2, 4, 8];

export function ModelField() {
  const names = models.value.models.map((/** @type {any} */ one) => one.name);
  const options = [...new Set([...names, model.value])].map((value) => ({ value, label: labelOf(value) }));
  return html`<${Select} label=${t("fields.model")} value=${model.value} options=${options} error=${problems.value.model}
    onChange=${(/** @type {string} */ value) => change({ model: value === models.value.default ? "" : value })} />`;
}

/** @param {string} name */
function labelOf(name) {
  const title = models.value.models.find((/** @type {any} */ one) => one.name === name)?.title;
  return title ? `${title.split(":")[0]}` : name;
}

/** The side of a square that the model draws best. */
function usualSide() {
  return facts.value.size ?? 512;
}

export function SizeField() {
  const { width, height } = settings.value;
  const usual = plan.value?.model === model.value ? plan.value : null;
  const shown = { width: width ?? usual?.width ?? usualSide(), height: height ?? usual?.height ?? usualSide() };
  const name = ratioOf(shown.width, shown.height);
  const upright = shown.height > shown.width;
  const choose = (/** @type {number} */ ratio) => {
    const side = width === null && height === null ? usualSide() : sideOf(shown.width, shown.height);
    change(sized(upright ? 1 / ratio : ratio, side));
  };
  return html`<div class="draw-size" role="group" aria-label=${t("draw.size")}>
    <div class="draw-ratios">
      ${RATIOS.map(
        (
          one,
        ) => html`<button type="button" class="draw-ratio" key=${one.name} aria-pressed=${one.name === name} onClick=${() => choose(one.ratio)}
        aria-label=${t("draw.ratio", { ratio: one.name })}>
        <span class="draw-ratio-shape" style=${{ aspectRatio: upright ? String(1 / one.ratio) : String(one.ratio) }}></span>${one.name}
      </button>`,
      )}
      <${IconButton} icon="swap" label=${t("draw.turn")} onClick=${() => change({ width: shown.height, height: shown.width })} />
    </div>
    <div class="draw-pair">
      <${NumberField} label=${t("fields.width")} value=${width} empty=${String(shown.width)} min=${64} max=${4096} step=${8} error=${problems.value.width}
        onChange=${(/** @type {any} */ value) => change({ width: value })} />
      <span class="draw-times" aria-hidden="true">×</span>
      <${NumberField} label=${t("fields.height")} value=${height} empty=${String(shown.height)} min=${64} max=${4096} step=${8} error=${problems.value.height}
        onChange=${(/** @type {any} */ value) => change({ height: value })} />
    </div>
  </div>`;
}

export function SamplingFields() {
  const now = settings.value;
  const usual = plan.value?.model === model.value ? plan.value : facts.value;
  const wrong = problems.value;
  return html`<${NumberSlider} label=${t("fields.steps")} value=${now.steps} fallback=${facts.value.steps ?? usual.steps ?? 20} min=${1} max=${MOST_STEPS} typedMax=${1000}
      error=${wrong.steps} onChange=${(/** @type {any} */ steps) => change({ steps })} />
    <${NumberSlider} label=${t("fields.guidance_scale")} value=${now.guidance_scale} fallback=${facts.value.guidance_scale ?? usual.guidance_scale ?? 7} min=${1} max=${MOST_GUIDANCE} step=${0.5} typedMax=${100}
      error=${wrong.guidance_scale} onChange=${(/** @type {any} */ value) => change({ guidance_scale: value })} />
    <div class="draw-pair">
      <${Select} label=${t("fields.sampler")} value=${now.sampler} options=${named(samplers.value, facts.value.sampler)} error=${wrong.sampler}
        onChange=${(/** @type {any} */ sampler) => change({ sampler })} />
      <${Select} label=${t("fields.schedule")} value=${now.schedule} options=${named(schedules.value, facts.value.schedule)} error=${wrong.schedule}
        onChange=${(/** @type {any} */ schedule) => change({ schedule })} />
    </div>`;
}

/** @param {{name: string}[]} known @param {string | undefined} usual */
function named(known, usual) {
  const first = { value: null, label: usual ? t("draw.usual", { name: pretty(usual) }) : t("draw.usual.unknown") };
  return [first, ...known.map((one) => ({ value: one.name, label: pretty(one.name) }))];
}

/** Names as the field writes them. @param {string} name */
export function pretty(name) {
  const known = {
    euler: "Euler",
    euler_a: "Euler a",
    heun: "Heun",
    dpmpp_2m: "DPM++ 2M",
    dpmpp_2m_sde: "DPM++ 2M SDE",
    ddim: "DDIM",
    unipc: "UniPC",
    lcm: "LCM",
    tcd: "TCD",
  };
  return (
    /** @type {Record<string, string>} */ (known)[name] ??
    name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ")
  );
}

export function SeedField() {
  const { seed, locked } = settings.value;
  const lock = () => {
    if (locked) change({ locked: false });
    else change({ locked: true, seed: seed ?? picture.value?.seed ?? newSeed() });
  };
  return html`<div class="draw-seed">
    <${NumberField} label=${t("fields.seed")} value=${locked ? seed : null} empty=${t("draw.seed.random")} min=${0} max=${Number.MAX_SAFE_INTEGER} error=${problems.value.seed}
      onChange=${(/** @type {any} */ value) => change({ seed: value, locked: value !== null })} />
    <${IconButton} icon="dice" label=${t("draw.seed.dice")} kind="plain" onClick=${() => change({ seed: newSeed(), locked: true })} />
    <${IconButton} icon=${locked ? "lock" : "unlock"} label=${t(locked ? "draw.seed.unlock" : "draw.seed.lock")} kind="plain" pressed=${locked} onClick=${lock} />
  </div>`;
}

export function CountField() {
  const { num } = settings.value;
  return html`<div class="draw-count">
    <${NumberField} label=${t("fields.num")} value=${num} min=${1} max=${1000} error=${problems.value.num} onChange=${(/** @type {any} */ value) => change({ num: value ?? 1 })} />
    <div class="segmented draw-counts" role="group" aria-label=${t("fields.num")}>
      ${COUNTS.map((count) => html`<button type="button" key=${count} class="draw-count-button" aria-pressed=${num === count} onClick=${() => change({ num: count })}>${count}</button>`)}
    </div>
  </div>`;
}
