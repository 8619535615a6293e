/** What all cells of a grid share: words, model, size, steps and the rest. What an axis varies is not asked for. */
import { html, useEffect, useState } from "../core/html.js";
import { models, samplers, schedules } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { NumberField, NumberSlider, Select, TextArea } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { pretty } from "../views/draw/basics.js";
import { newSeed } from "../views/draw/settings.js";
import { base, change, model, modelFacts, takeDraw, usualSide, varied } from "./draft.js";
import { plan, problems } from "./foresee.js";
import { fieldName } from "./names.js";

const MOST_STEPS = 60;
const MOST_GUIDANCE = 20;
/** Fields that have a place of their own; the others are shown as chips. */
const PLACED = new Set([
  "prompt",
  "negative_prompt",
  "model",
  "width",
  "height",
  "steps",
  "guidance_scale",
  "sampler",
  "schedule",
  "seed",
]);
const NARROW = "(max-width: 720px)";

export function Words() {
  const now = base.value;
  const wrong = problems.value.fields;
  const aside = html`<${Button} small kind="quiet" icon="draw" title=${t("grids.from_draw.about")} onClick=${takeDraw}>${t("grids.from_draw")}<//>`;
  return html`<${TextArea} id="grids-prompt" label=${fieldName("the_prompt")} value=${now.prompt ?? ""} rows="3" placeholder=${t("draw.prompt.example")} aside=${aside} error=${now.prompt ? wrong.prompt : undefined}
      onChange=${(/** @type {string} */ prompt) => change({ prompt })} />
    <${TextArea} label=${t("fields.negative_prompt")} value=${now.negative_prompt ?? ""} rows="1" placeholder=${t("draw.negative.example")} error=${wrong.negative_prompt}
      onChange=${(/** @type {string} */ text) => change({ negative_prompt: text || null })} />`;
}

/** Folded on phones, where the axes come first. */
export function Shared() {
  const [open, setOpen] = useState(() => !matchMedia(NARROW).matches);
  useEffect(() => {
    if (Object.keys(problems.value.fields).some((name) => name && name !== "prompt")) setOpen(true);
  }, [problems.value]);
  return html`<details class="fold grids-shared" open=${open} onToggle=${(/** @type {any} */ event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="right" size=${16} class="fold-arrow" /><span>${t("grids.shared")}</span></summary>
    ${open && html`<div class="fold-body"><${Fields} /></div>`}
  </details>`;
}

function Fields() {
  const now = base.value;
  const usual = plan.value?.model === model.value ? plan.value : modelFacts.value;
  const wrong = problems.value.fields;
  const free = (/** @type {string} */ name) => !varied.value.has(name);
  const names = models.value.models.map((/** @type {any} */ one) => one.name);
  const named = (/** @type {{name: string}[]} */ known, /** @type {string | undefined} */ first) => [
    { value: null, label: first ? t("draw.usual", { name: pretty(first) }) : t("draw.usual.unknown") },
    ...known.map((one) => ({ value: one.name, label: pretty(one.name) })),
  ];
  const put = (/** @type {string} */ name) => (/** @type {any} */ value) => change({ [name]: value });
  return html`
    ${free("model") && html`<${Select} label=${t("fields.model")} value=${model.value} options=${[...new Set([...names, model.value])]} error=${wrong.model} onChange=${put("model")} />`}
    <div class="grids-pair">
      ${["width", "height"].filter(free).map((name) => html`<${NumberField} key=${name} label=${fieldName(name)} value=${now[name] ?? null} empty=${String(usualSide.value)} min=${64} max=${4096} step=${8} error=${wrong[name]} onChange=${put(name)} />`)}
    </div>
    ${free("steps") && html`<${NumberSlider} label=${t("fields.steps")} value=${now.steps ?? null} fallback=${modelFacts.value.steps ?? usual.steps ?? 20} min=${1} max=${MOST_STEPS} typedMax=${1000} error=${wrong.steps} onChange=${put("steps")} />`}
    ${free("guidance_scale") && html`<${NumberSlider} label=${t("fields.guidance_scale")} value=${now.guidance_scale ?? null} fallback=${modelFacts.value.guidance_scale ?? usual.guidance_scale ?? 7} min=${1} max=${MOST_GUIDANCE} step=${0.5} typedMax=${100} error=${wrong.guidance_scale} onChange=${put("guidance_scale")} />`}
    <div class="grids-pair">
      ${free("sampler") && html`<${Select} label=${t("fields.sampler")} value=${now.sampler ?? null} options=${named(samplers.value, modelFacts.value.sampler)} error=${wrong.sampler} onChange=${put("sampler")} />`}
      ${free("schedule") && html`<${Select} label=${t("fields.schedule")} value=${now.schedule ?? null} options=${named(schedules.value, modelFacts.value.schedule)} error=${wrong.schedule} onChange=${put("schedule")} />`}
    </div>
    ${
      free("seed") &&
      html`<div class="grids-numbers">
      <${NumberField} label=${t("fields.seed")} value=${now.seed ?? null} empty=${t("grids.seed.one")} min=${0} max=${Number.MAX_SAFE_INTEGER} error=${wrong.seed} onChange=${put("seed")} />
      <${IconButton} icon="dice" kind="plain" label=${t("draw.seed.dice")} onClick=${() => change({ seed: newSeed() })} />
    </div>`
    }
    <${Others} />`;
}

/** What came from elsewhere and has no field here: a LoRA, the picture to start from, hires. */
function Others() {
  const names = Object.keys(base.value).filter((name) => !PLACED.has(name));
  if (!names.length) return null;
  return html`<div class="field"><span class="field-label">${t("grids.others")}</span>
    <ul class="grids-others">${names.map(
      (name) => html`<li key=${name} class="grids-other">
      ${name === "image" && html`<img src=${`/api/v1/uploads/${base.value[name]}/file`} alt="" />`}
      <span>${fieldName(name)}</span>${name !== "image" && html`<span class="grids-other-value">${String(base.value[name])}</span>`}
      <${IconButton} small icon="close" label=${t("grids.drop", { field: fieldName(name) })} onClick=${() => change({ [name]: null })} />
    </li>`,
    )}</ul></div>`;
}
