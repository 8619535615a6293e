/** What a model was taught to draw, if it says so: looked through by name, in any language that it knows. */
import { api } from "../../core/api.js";
import { number } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html, signal, useEffect, useSignal } from "../../core/html.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { TextField } from "../../parts/field.js";
import { toastError } from "../../parts/toast.js";
import { found, grouped } from "./search.js";

/** The lists that were asked for, by model. */
const lists = signal(/** @type {Record<string, any>} */ ({}));

/** @param {{model: string}} props */
export function Things({ model }) {
  const wanted = useSignal("");
  const facts = models.value.models.find((/** @type {any} */ one) => one.name === model);
  useEffect(() => {
    if (!facts?.things || lists.value[model]) return;
    api.get(`models/${encodeURIComponent(model)}/things`).then((told) => {
      lists.value = { ...lists.value, [model]: told };
    }, toastError);
  }, [model, facts?.things]);
  const list = lists.value[model];
  if (!facts?.things || !list) return null;
  const shown = found(list, wanted.value);
  return html`<section class="models-things" aria-label=${t("models.things", { model })}>
    <header>
      <div>
        <h2>${t("models.things", { model })}</h2>
        <p>${t("models.things.about", { count: list.things.length, number: number(list.things.length) })}</p>
      </div>
      <${TextField} id="models-search" class="models-search" hideLabel label=${t("models.search")} type="search" placeholder=${t("models.search")}
        value=${wanted.value} onChange=${(/** @type {string} */ text) => (wanted.value = text)} />
    </header>
    ${shown.length === 0 && html`<p class="models-unknown" role="status">${t("models.unknown", { word: wanted.value, model })}</p>`}
    ${grouped(shown).map(
      ([group, things]) => html`<div key=${group} class="models-group"><h3>${groupName(group)}</h3>
        <ul>${things.map(
          (thing) => html`<li key=${thing.name}><button type="button" class="models-thing"
          title=${t("models.draw.thing", { name: thing.name })}
          onClick=${() => sendTo("draw", { request: { model, prompt: thing.name } })}>
          <span class="models-emoji" aria-hidden="true">${thing.emoji[0]}</span>${thing.name}</button></li>`,
        )}</ul></div>`,
    )}
  </section>`;
}

/** @param {string} group */
function groupName(group) {
  const key = `models.group.${group}`;
  const words = t(key);
  return words === key ? group : words;
}
