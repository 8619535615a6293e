/** The second pass: the picture enlarged and drawn over once more. */

import { number } from "../../core/format.js";
import { html } from "../../core/html.js";
import { t } from "../../core/words.js";
import { NumberSlider, Select, Switch } from "../../parts/field.js";
import { Fold } from "./fold.js";
import { plan, problems } from "./foresee.js";
import { change, settings } from "./settings.js";

const UPSCALERS = [
  "latent",
  "latent-antialiased",
  "latent-bicubic",
  "latent-bicubic-antialiased",
  "latent-nearest",
  "latent-nearest-exact",
  "lanczos",
];

export function HiresFold() {
  const { hires } = settings.value;
  const set = (/** @type {any} */ fields) => change({ hires: { ...hires, ...fields } });
  const wrong = problems.value;
  return html`<${Fold} name="hires" title=${t("draw.hires")} about=${hires.on ? `${number(hires.scale, 2)}×` : t("draw.off")}>
    <${Switch} label=${t("draw.hires.on")} hint=${t("draw.hires.hint")} value=${hires.on} onChange=${(/** @type {boolean} */ on) => set({ on })} />
    ${
      hires.on &&
      html`
      <${NumberSlider} label=${t("fields.hires_scale")} value=${hires.scale} min=${1} max=${4} step=${0.25} typedMax=${8} error=${wrong.hires_scale} onChange=${(/** @type {any} */ scale) => set({ scale: scale ?? 2 })} />
      ${plan.value && html`<p class="field-hint">${t("draw.hires.size", { width: Math.round(plan.value.width), height: Math.round(plan.value.height) })}</p>`}
      <${NumberSlider} label=${t("fields.hires_strength")} value=${hires.strength} min=${0} max=${1} step=${0.05} error=${wrong.hires_strength} onChange=${(/** @type {any} */ strength) => set({ strength: strength ?? 0.7 })} />
      <${NumberSlider} label=${t("fields.hires_steps")} value=${hires.steps || null} fallback=${0} min=${0} max=${60} typedMax=${1000} hint=${t("draw.hires.steps")} error=${wrong.hires_steps} onChange=${(/** @type {any} */ steps) => set({ steps: steps ?? 0 })} />
      <${Select} label=${t("fields.hires_upscaler")} value=${hires.upscaler} options=${UPSCALERS} error=${wrong.hires_upscaler} onChange=${(/** @type {any} */ upscaler) => set({ upscaler })} />`
    }
  <//>`;
}
