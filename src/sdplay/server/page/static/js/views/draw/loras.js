/** LoRAs and styles, as chips: taken, weighed, switched off for a while, thrown away. */
import { fixed } from "../../core/format.js";
import { html } from "../../core/html.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Menu } from "../../parts/menu.js";
import { problems } from "./foresee.js";
import { change, settings } from "./settings.js";
import { promptWords } from "./sources.js";

const MOST = 2;
const STEP = 0.05;

export function LoraChips() {
  const chosen = settings.value.lora;
  const set = (/** @type {number} */ at, /** @type {any} */ fields) =>
    change({ lora: chosen.map((one, index) => (index === at ? { ...one, ...fields } : one)) });
  const free = models.value.loras.filter((/** @type {string} */ name) => !chosen.some((one) => one.name === name));
  return html`<div class="draw-loras">
    ${chosen.map(
      (one, index) => html`<div class="draw-lora" key=${one.name} data-off=${one.on ? undefined : ""}>
      <div class="draw-lora-head">
        <span class="draw-lora-name" title=${one.name}>${one.name}</span>
        <output class="draw-lora-weight">${fixed(one.weight, 2)}</output>
        <${IconButton} small icon=${one.on ? "eye" : "hidden"} label=${t(one.on ? "draw.lora.off" : "draw.lora.on", { name: one.name })} onClick=${() => set(index, { on: !one.on })} />
        <${IconButton} small icon="close" label=${t("draw.lora.remove", { name: one.name })} onClick=${() => change({ lora: chosen.filter((_, at) => at !== index) })} />
      </div>
      <input type="range" class="slider-range" min="-1" max=${MOST} step=${STEP} value=${one.weight} disabled=${!one.on} aria-label=${t("draw.lora.weight", { name: one.name })}
        style=${{ "--share": `${((one.weight + 1) / (MOST + 1)) * 100}%` }} onInput=${(/** @type {any} */ event) => set(index, { weight: Number(event.currentTarget.value) })} />
    </div>`,
    )}
    ${problems.value.lora && html`<p class="field-error" role="alert">${problems.value.lora}</p>`}
    ${
      free.length > 0 &&
      html`<${Menu} label=${t("draw.lora.add")} icon="plus" text=${t("draw.lora.add")} kind="plain" small class="draw-add"
      items=${free.map((/** @type {string} */ name) => ({ label: name, run: () => change({ lora: [...chosen, { name, weight: 1, on: true }] }) }))} />`
    }
    ${models.value.loras.length === 0 && html`<p class="field-hint">${t("draw.lora.none")}</p>`}
  </div>`;
}

/** Styles of the styles file that are on. */
export function StyleChips() {
  const chosen = settings.value.style;
  const free = promptWords.value.styles.map((one) => one.name).filter((name) => !chosen.includes(name));
  if (!chosen.length && !free.length) return null;
  return html`<div class="draw-styles">
    ${chosen.map(
      (name) => html`<span class="draw-style" key=${name}>${name}
      <${IconButton} small icon="close" label=${t("draw.style.remove", { name })} onClick=${() => change({ style: chosen.filter((one) => one !== name) })} /></span>`,
    )}
    ${
      free.length > 0 &&
      html`<${Menu} label=${t("draw.style.add")} icon="plus" text=${t("draw.style.add")} kind="quiet" small class="draw-add"
      items=${free.map((name) => ({ label: name, run: () => change({ style: [...chosen, name] }) }))} />`
    }
    ${problems.value.style && html`<p class="field-error" role="alert">${problems.value.style}</p>`}
  </div>`;
}
