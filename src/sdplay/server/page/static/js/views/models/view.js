/** What is on the shelves: models with what they are made for, and what can be added to them. */
import { api } from "../../core/api.js";
import { bytes, number } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html, signal, useEffect } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { go, route } from "../../core/router.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Empty } from "../../parts/empty.js";
import { Icon } from "../../parts/icon.js";
import { Tabs } from "../../parts/tabs.js";
import { toastError } from "../../parts/toast.js";
import { Things } from "./things.js";

const SHELVES = ["models", "loras", "embeddings", "controlnet", "vae"];
const FACTS = ["family", "size", "steps", "guidance_scale", "sampler"];

/** What each model said of itself, by name; it is asked once. */
const known = signal(/** @type {Record<string, any>} */ ({}));

/** @param {string} name */
async function ask(name) {
  if (known.value[name]) return;
  const told = await api.get(`models/${encodeURIComponent(name)}`).catch(toastError);
  if (told) known.value = { ...known.value, [name]: told };
}

export function ModelsView() {
  useKeys("models", [
    { keys: "/", what: "models.keys.search", run: () => document.getElementById("models-search")?.focus() },
  ]);
  useEffect(() => {
    api.get("models").then((told) => (models.value = told), toastError); // files come and go while the page is open
  }, []);
  const [first = "models", name] = route.value.parts;
  const shelf = SHELVES.includes(first) ? first : "models";
  const names = namesOn(shelf);
  const tabs = SHELVES.map((id) => ({
    id,
    label: html`${t(`models.${id}`)} <span class="models-count">${number(namesOn(id).length)}</span>`,
  }));
  return html`<div class="models">
    <${Tabs} class="models-tabs" label=${t("models.shelves")} tabs=${tabs} value=${shelf} onChange=${(/** @type {string} */ id) => go(`models/${id}`)} />
    ${
      names.length === 0
        ? html`<${Empty} icon="folder" title=${t("models.none")} text=${t("models.none.about")} />`
        : html`<ul class="models-grid">${names.map(
            (one) =>
              html`<li key=${one}><${shelf === "models" ? ModelCard : AddOnCard} name=${one} shelf=${shelf} open=${one === name} /></li>`,
          )}</ul>`
    }
    ${shelf === "models" && html`<${Things} model=${name ?? models.value.default} />`}
  </div>`;
}

/** @param {string} shelf @returns {string[]} */
function namesOn(shelf) {
  if (shelf !== "models") return models.value[shelf];
  return models.value.models.map((/** @type {any} */ one) => one.name);
}

/** @param {{name: string, open: boolean}} props */
function ModelCard({ name, open }) {
  const listed = models.value.models.find((/** @type {any} */ one) => one.name === name);
  const facts = known.value[name] ?? listed;
  const isUsual = name === models.value.default;
  useEffect(() => {
    if (open) ask(name);
  }, [open, name]);
  return html`<article class=${`models-card ${open ? "models-open" : ""}`}>
    <header>
      <span class="models-mark" aria-hidden="true"><${Icon} name=${isUsual ? "sparkle" : "models"} size=${22} /></span>
      <div><h2>${name}</h2>${isUsual && html`<span class="models-usual">${t("models.usual")}</span>`}</div>
    </header>
    ${facts.title && html`<p class="models-title">${facts.title}</p>`}
    ${
      facts.family &&
      html`<dl class="models-facts">${FACTS.map((fact) => html`<${Fact} name=${fact} value=${shown(facts, fact)} />`)}
      <${Fact} name="bytes" value=${facts.bytes ? bytes(facts.bytes) : null} /></dl>`
    }
    ${facts.licence && html`<p class="models-licence"><${Icon} name="info" size=${16} /> ${facts.licence}</p>`}
    <footer>
      <${Button} kind="primary" small icon="draw" onClick=${() => sendTo("draw", { request: { model: name } })}>${t("models.draw")}<//>
      ${!known.value[name] && html`<${Button} kind="quiet" small onClick=${() => go(`models/models/${encodeURIComponent(name)}`)}>${t("models.ask")}<//>`}
    </footer>
  </article>`;
}

/** @param {any} facts @param {string} fact @returns {string | null} */
function shown(facts, fact) {
  if (fact === "size") return facts.size ? t("models.pixels", { size: facts.size }) : null;
  if (fact === "family") return t(`models.family.${facts.family}`);
  if (fact === "sampler") return facts.sampler ? `${facts.sampler}, ${facts.schedule}` : null;
  return facts[fact] === null || facts[fact] === undefined ? null : String(facts[fact]);
}

/** @param {{name: string, value: string | null}} props */
function Fact({ name, value }) {
  return value && html`<div><dt>${t(`models.fact.${name}`)}</dt><dd>${value}</dd></div>`;
}

/** @param {{name: string, shelf: string}} props */
function AddOnCard({ name, shelf }) {
  return html`<article class="models-card">
    <header><span class="models-mark" aria-hidden="true"><${Icon} name="layers" size=${22} /></span><h2>${name}</h2></header>
    <p class="models-title">${t(`models.${shelf}.about`)}</p>
    <footer><${Button} small icon="draw" onClick=${() => sendTo("draw", { request: asking(shelf, name) })}>${t("models.draw")}<//></footer>
  </article>`;
}

/** The settings that draw with an add-on. @param {string} shelf @param {string} name */
function asking(shelf, name) {
  if (shelf === "loras") return { lora: [`${name}:0.8`] };
  if (shelf === "embeddings") return { prompt: name };
  return { [shelf]: name };
}
