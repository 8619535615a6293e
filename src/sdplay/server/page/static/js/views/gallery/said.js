/** What a picture says about how it was made, for people. */
import { number } from "../../core/format.js";
import { html } from "../../core/html.js";
import { has, t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { toast } from "../../parts/toast.js";

// In this order; what else there is comes after them.
const FIRST = ["model", "seed", "steps", "guidance_scale", "sampler", "schedule", "strength"];
const NOT_ROWS = new Set(["mode", "prompt", "negative_prompt", "width", "height", "num", "prompt_syntax"]);

/** @param {{told: any, size?: string}} props `told` is the answer of the API */
export function Said({ told, size }) {
  const request = told.request ?? {};
  const prompt = told.request?.prompt ?? told.prompt;
  return html`<div class="gallery-said">
    <${Words} label=${t("fields.prompt")} text=${Array.isArray(prompt) ? prompt.join("\n") : prompt} />
    ${told.negative_prompt && html`<${Words} label=${t("fields.negative_prompt")} text=${told.negative_prompt} />`}
    <dl class="gallery-facts">
      ${size && html`<${Fact} label=${t("gallery.size")} value=${size} />`}
      ${rows(request).map(([name, value]) => html`<${Fact} label=${has(`fields.${name}`) ? t(`fields.${name}`) : name.replaceAll("_", " ")} value=${shown(value)} key=${name} />`)}
      ${told.program && told.program !== "sdplay" && html`<${Fact} label=${t("gallery.program")} value=${told.program} />`}
    </dl>
    <${LeftOut} left=${told.left ?? []} />
    ${told.parameters && html`<details class="fold gallery-raw"><summary>${t("gallery.parameters")}</summary><pre>${told.parameters}</pre><${Copy} text=${told.parameters} /></details>`}
  </div>`;
}

/** @param {Record<string, any>} request @returns {[string, any][]} */
function rows(request) {
  const isThere = (/** @type {any} */ value) =>
    value !== null && value !== "" && value !== undefined && !(Array.isArray(value) && !value.length);
  const names = Object.keys(request).filter((name) => !NOT_ROWS.has(name) && isThere(request[name]));
  const place = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return names.sort((a, b) => place(a) - place(b)).map((name) => [name, request[name]]);
}

/** @param {any} value @returns {string} */
function shown(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : number(value, 3);
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "boolean") return t(value ? "gallery.yes" : "gallery.no");
  return typeof value === "object" && value ? JSON.stringify(value) : String(value);
}

/** @param {{label: string, value: string}} props */
function Fact({ label, value }) {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}

/** @param {{label: string, text: string}} props */
function Words({ label, text }) {
  if (!text) return null;
  return html`<section class="gallery-words"><header><h3>${label}</h3><${Copy} text=${text} /></header><p dir="auto">${text}</p></section>`;
}

/** @param {{text: string}} props */
function Copy({ text }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    toast(t("common.copied"), { kind: "ok", seconds: 2 });
  };
  return html`<${Button} small kind="quiet" icon="copy" onClick=${copy}>${t("common.copy")}<//>`;
}

/** What has no meaning here: what is lost first, notes folded away. @param {{left: any[]}} props */
function LeftOut({ left }) {
  const lost = left.filter((one) => !one.note);
  const notes = left.filter((one) => one.note);
  const list = (/** @type {any[]} */ some) =>
    html`<ul>${some.map((one) => html`<li><strong>${one.name}</strong>${one.value && html` <code>${one.value}</code>`}<br /><span class="muted">${one.reason}</span></li>`)}</ul>`;
  return html`${lost.length > 0 && html`<section class="gallery-left"><h3>${t("gallery.left", { count: lost.length })}</h3>${list(lost)}</section>`}
    ${notes.length > 0 && html`<details class="fold gallery-left"><summary>${t("gallery.notes", { count: notes.length })}</summary>${list(notes)}</details>`}`;
}
