/** Every other field that the API has, made from its own description: nothing is missing, and nothing is declared twice. */
import { api } from "../../core/api.js";
import { html, signal, useEffect } from "../../core/html.js";
import { capabilities, models } from "../../core/store.js";
import { has, t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Drop } from "../../parts/drop.js";
import { NumberField, Select, Switch, TextField } from "../../parts/field.js";
import { toastError } from "../../parts/toast.js";
import { Fold } from "./fold.js";
import { problems } from "./foresee.js";
import { change, PLACED, settings } from "./settings.js";

/** @typedef {{name: string, kind: "switch" | "number" | "choice" | "text" | "file" | "list", description: string, fallback: any,
 *   minimum?: number, maximum?: number, step?: number, options?: string[]}} Described */

const description = signal(/** @type {any} */ (null));

async function describe() {
  if (description.peek()) return;
  try {
    description.value = (await api.get("openapi.json")).components.schemas.Txt2ImgRequest.properties;
  } catch (error) {
    toastError(error);
  }
}

/** How a field is shown, by its schema. @param {string} name @param {any} schema @returns {Described} */
export function described(name, schema) {
  const options = (schema.anyOf ?? [schema]).filter((/** @type {any} */ one) => one.type !== "null");
  const first = options[0] ?? {};
  const about = { name, description: schema.description ?? "", fallback: schema.default ?? null };
  if (schema["x-upload"]) return { ...about, kind: "file" };
  if (options.some((/** @type {any} */ one) => one.type === "array")) return { ...about, kind: "list" };
  const choices = first.enum?.filter((/** @type {any} */ one) => one !== null);
  if (choices) return { ...about, kind: "choice", options: choices };
  if (name === "vae") return { ...about, kind: "choice", options: models.value.vae };
  const type = [first.type].flat().find((one) => one !== "null");
  if (type === "boolean") return { ...about, kind: "switch" };
  if (type !== "integer" && type !== "number") return { ...about, kind: "text" };
  return {
    ...about,
    kind: "number",
    minimum: first.minimum,
    maximum: first.maximum,
    step: type === "integer" ? 1 : 0.05,
  };
}

/** The fields without a place of their own. @param {string[]} names */
export function unplaced(names) {
  return names.filter((name) => !PLACED.has(name));
}

export function MoreFold() {
  const names = unplaced(Object.keys(capabilities.value.modes.txt2img ?? {}));
  const set = Object.keys(settings.value.more ?? {}).length;
  return html`<${Fold} name="more" title=${t("draw.more")} about=${set ? t("draw.more.set", { count: set }) : ""}>
    <${MoreFields} names=${names} />
    ${set > 0 && html`<${Button} small icon="undo" onClick=${() => change({ more: null })}>${t("draw.more.reset")}<//>`}
  <//>`;
}

/** @param {{names: string[]}} props */
function MoreFields({ names }) {
  useEffect(() => void describe(), []);
  if (!description.value) return null;
  return names.map((name) => html`<${OneField} key=${name} field=${described(name, description.value[name] ?? {})} />`);
}

/** @param {{field: Described}} props */
function OneField({ field }) {
  const { name, fallback, description: hint } = field;
  const value = settings.value.more?.[name] ?? null;
  const onChange = (/** @type {any} */ next) => {
    const { [name]: _, ...others } = settings.value.more ?? {};
    const same = next === null || next === "" || JSON.stringify(next) === JSON.stringify(fallback);
    change({ more: same ? (Object.keys(others).length ? others : null) : { ...others, [name]: next } });
  };
  const shared = { label: labelOf(name), hint, error: problems.value[name], onChange };
  if (field.kind === "switch") return html`<${Switch} ...${shared} value=${value ?? fallback} />`;
  if (field.kind === "number")
    return html`<${NumberField} ...${shared} value=${value} empty=${fallback === null ? t("draw.usual.unknown") : String(fallback)} min=${field.minimum} max=${field.maximum} step=${field.step} />`;
  if (field.kind === "choice") {
    const usual = {
      value: null,
      label: fallback === null ? t("draw.usual.unknown") : t("draw.usual", { name: fallback }),
    };
    const others = (field.options ?? []).filter((one) => one !== fallback);
    return html`<${Select} ...${shared} value=${value} options=${[usual, ...others.map((one) => ({ value: one, label: one }))]} />`;
  }
  if (field.kind === "list")
    return html`<${TextField} ...${shared} value=${(value ?? []).join(", ")} onChange=${(/** @type {string} */ text) => onChange(words(text))} />`;
  if (field.kind === "file") return html`<${FileField} field=${field} value=${value} onChange=${onChange} />`;
  return html`<${TextField} ...${shared} value=${value} />`;
}

/** @param {string} text */
function words(text) {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
}

/** @param {{field: Described, value: string | null, onChange: (id: string | null) => void}} props */
function FileField({ field, value, onChange }) {
  const send = async (/** @type {File[]} */ files) => {
    try {
      onChange((await api.upload(/** @type {File} */ (files[0]))).id);
    } catch (error) {
      toastError(error);
    }
  };
  return html`<div class="field"><span class="field-label">${labelOf(field.name)}</span>
    ${value ? html`<div class="row"><code>${value.slice(0, 12)}</code><${Button} small icon="close" onClick=${() => onChange(null)}>${t("common.remove")}<//></div>` : html`<${Drop} label=${t("draw.file")} accept="*" onFiles=${send} icon="upload" />`}
    <p class="field-hint">${field.description}</p></div>`;
}

/** @param {string} name */
function labelOf(name) {
  return has(`fields.${name}`)
    ? t(`fields.${name}`)
    : name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}
