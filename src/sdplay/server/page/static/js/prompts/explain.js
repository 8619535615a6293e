/** What the model reads of the prompts: pieces, weights, what changes on the way, what is cut off. */

import { number } from "../core/format.js";
import { html, signal } from "../core/html.js";
import { t } from "../core/words.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";

export const explainOpen = signal(false);
/** @type {import("../core/keys.js").Key} */
export const EXPLAIN_KEY = {
  keys: "Alt+e",
  what: "draw.explain",
  run: () => {
    explainOpen.value = !explainOpen.value;
  },
};

/** @param {{foresight: import("./foresight.js").Foresight}} props */
export function ExplainDialog({ foresight }) {
  const told = foresight.explanation.value;
  return html`<${Dialog} open=${explainOpen.value} wide title=${t("draw.explain")} onClose=${() => {
    explainOpen.value = false;
  }}>
    ${told ? html`<${Whole} told=${told} />` : html`<p class="muted">${foresight.refusal.value?.message ?? t("draw.explain.nothing")}</p>`}
  <//>`;
}

/** @param {{told: any}} props */
function Whole({ told }) {
  return html`<div class="stack prompt-explain">
    <p class="muted small">${t("draw.explain.about", { size: told.chunk_size })}</p>
    ${told.parts.map(
      (
        /** @type {any} */ part,
        /** @type {number} */ index,
      ) => html`<${Part} part=${part} size=${told.chunk_size} steps=${told.steps}
      title=${told.parts.length > 1 ? t("draw.explain.part", { count: index + 1, weight: number(part.weight, 2) }) : t("fields.prompt")} />`,
    )}
    ${told.words.negative_prompt && html`<${Part} part=${told.negative} size=${told.chunk_size} steps=${told.steps} title=${t("fields.negative_prompt")} />`}
    ${told.loras.length > 0 && html`<section><h3>LoRA</h3><p>${told.loras.map((/** @type {any} */ one) => html`<code class="prompt-token">${one.name} ${one.unet ?? one.weight ?? ""}</code> `)}</p></section>`}
    <section><h3>${t("draw.explain.words")}</h3><p class="prompt-explain-words">${told.words.prompt}</p></section>
  </div>`;
}

/** @param {{part: any, size: number, steps: number, title: string}} props */
function Part({ part, size, steps, title }) {
  const shown = part.readings.slice(0, 12);
  return html`<section><h3>${title}</h3>
    ${shown.map(
      (/** @type {any} */ reading) => html`<div class="prompt-reading">
      ${part.readings.length > 1 && html`<p class="small muted">${stepsIn(reading.steps, steps)}</p>`}
      ${reading.chunks.map(
        (/** @type {any} */ chunk) => html`<div class="prompt-chunk">
        <span class="prompt-chunk-count">${chunk.tokens} / ${size}</span>
        ${chunk.fragments.map(
          (
            /** @type {any} */ one,
          ) => html`<span class="prompt-token" data-weight=${one.weight > 1 ? "more" : one.weight < 1 ? "less" : undefined}>
          ${one.text}${one.weight !== 1 && html`<sup>${number(one.weight, 2)}</sup>`}</span>`,
        )}
      </div>`,
      )}
      ${reading.in_pieces.length > 0 && html`<p class="small muted">${t("draw.explain.pieces")} ${reading.in_pieces.map((/** @type {string[]} */ one) => html`<code class="prompt-token">${one.join("·")}</code> `)}</p>`}
      ${reading.lost && html`<p class="note note-warn"><${Icon} name="warning" size=${18} /><span>${t("draw.explain.lost")} <q>${reading.lost}</q></span></p>`}
    </div>`,
    )}
  </section>`;
}

/** @param {number[]} these @param {number} all */
function stepsIn(these, all) {
  return these.length === all
    ? t("draw.explain.always")
    : t("draw.explain.steps", { from: these[0] ?? 0, to: these.at(-1) ?? 0 });
}
