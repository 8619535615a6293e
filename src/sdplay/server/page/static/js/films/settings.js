/** Settings of films as forms: each field once, with its words, limits and what the model takes where nothing is asked. */
import { html } from "../core/html.js";
import { models, samplers, schedules } from "../core/store.js";
import { toldAtField } from "../core/told.js";
import { t } from "../core/words.js";
import { NumberField, Select, Switch, TextArea, TextField } from "../parts/field.js";
import { Icon } from "../parts/icon.js";

/**
 * @typedef {{name: string, kind: "number" | "select" | "switch" | "text" | "area", min?: number, max?: number, step?: number,
 *   options?: (string | {value: any, label: string})[], usual?: any, wide?: boolean, empty?: string, when?: (fields: any) => boolean}} Spec
 */

/** @param {string} name @param {Partial<Spec>} [more] @returns {Spec} */
const number = (name, more = {}) => ({ name, kind: "number", ...more });
/** @param {string} name @param {any[]} options @param {any} usual @param {Partial<Spec>} [more] @returns {Spec} */
const select = (name, options, usual, more = {}) => ({ name, kind: "select", options, usual, ...more });
/** @param {string} name @param {boolean} usual @param {Partial<Spec>} [more] @returns {Spec} */
const onOff = (name, usual, more = {}) => ({ name, kind: "switch", usual, ...more });

const usesFlat = (/** @type {any} */ fields) => (fields.animation_mode ?? "2D") === "2D";
const usesDepth = (/** @type {any} */ fields) => fields.animation_mode === "3D";
const usesClip = (/** @type {any} */ fields) => fields.animation_mode === "Video Input";
const usesCamera = (/** @type {any} */ fields) => !usesClip(fields);

/** What any picture has. @returns {Spec[]} */
export function pictureSpecs() {
  const own = { value: null, label: t("films.model.own") };
  const names = (/** @type {any[]} */ list) => [own, ...list.map((one) => one.name)];
  return [
    select(
      "model",
      models.value.models.map((/** @type {any} */ one) => one.name),
      models.value.default,
      { wide: true },
    ),
    number("width", { min: 64, max: 4096, step: 8, empty: t("films.model.own") }),
    number("height", { min: 64, max: 4096, step: 8, empty: t("films.model.own") }),
    number("steps", { min: 1, max: 1000, empty: t("films.model.own") }),
    number("guidance_scale", { min: 0, max: 100, step: 0.5, empty: t("films.model.own") }),
    select("sampler", names(samplers.value), null),
    select("schedule", names(schedules.value), null),
    { name: "negative_prompt", kind: "area", wide: true },
  ];
}

/** @type {Spec[]} */
export const dreamSpecs = [
  select("interpolate", ["both", "latent", "prompt"], "both"),
  select("path", ["slerp", "smooth"], "slerp"),
  select("easing", ["linear", "ease", "ease-in", "ease-out", "cosine", "step"], "linear"),
  select("pace", ["uniform", "perceptual", "audio"], "uniform"),
];

/** @type {Spec[]} */
export const animateSpecs = [
  number("diffusion_cadence", { min: 1, max: 100, usual: 3, when: usesCamera }),
  number("seed", { min: 0, max: 2 ** 53, empty: t("films.random") }),
  select(
    "seed_behavior",
    [{ value: null, label: t("films.auto") }, "iter", "fixed", "random", "ladder", "alternate", "schedule"],
    null,
  ),
  select("prompt_interpolation", ["hold", "blend", "crossfade:12"], "hold"),
  select("keyframe_interpolation", ["linear", "step"], "linear"),
  select("color_coherence", ["None", "RGB", "HSV", "LAB", "LAB_mean", "Video Input"], "RGB"),
  select("loop_mode", ["none", "pingpong", "crossfade:12", "crossfade:24"], "none"),
  select("border", ["wrap", "replicate", "reflection", "zeros"], "wrap", { when: usesFlat }),
  select("flow_cadence", ["none", "dis"], "none", { when: usesCamera }),
  select("smooth", ["None", "Smooth", "Smooth_more"], "None"),
];

/** @type {Spec[]} */
export const depthSpecs = [
  number("fov", { min: 1, max: 179, usual: 40, when: usesDepth }),
  select("padding_mode", ["border", "zeros", "reflection", "wrap"], "border", { when: usesDepth }),
  select("depth_model", ["auto", "builtin", "guess", "none"], "auto", { when: usesDepth }),
  select("warp_geometry", ["deforum", "pinhole"], "deforum", { when: usesDepth }),
  onOff("use_depth_warping", true, { when: usesDepth }),
];

/** @type {Spec[]} */
export const clipSpecs = [
  number("extract_nth_frame", { min: 1, max: 1000, usual: 1, when: usesClip }),
  number("extract_from_frame", { min: 0, max: 1e6, usual: 0, when: usesClip }),
  number("extract_to_frame", { min: -1, max: 1e6, usual: -1, when: usesClip }),
  select("video_fit", [{ value: null, label: t("films.auto") }, "stretch", "cover", "contain"], null, {
    when: usesClip,
  }),
  onOff("video_same_size", true, { when: usesClip }),
];

/**
 * The fields of `specs`. @param {{specs: Spec[], fields: Record<string, any>, problems?: any[],
 *   onChange: (change: Record<string, any>) => void}} props
 */
export function Fields({ specs, fields, problems = [], onChange }) {
  return html`<div class="films-fields">
    ${specs
      .filter((spec) => spec.when?.(fields) ?? true)
      .map(
        (
          spec,
        ) => html`<${OneField} key=${spec.name} spec=${spec} value=${fields[spec.name]} error=${wrongAt(problems, spec.name)}
        onChange=${(/** @type {any} */ value) => onChange({ [spec.name]: value === spec.usual ? null : value })} />`,
      )}
  </div>`;
}

/** What is wrong with a field, in words. @param {any[]} problems @param {string} name */
export function wrongAt(problems, name) {
  const found = problems.find((one) => one.field === name || one.field?.startsWith(`${name}.`));
  return found && toldAtField(found);
}

/** @param {{spec: Spec, value: any, error?: string, onChange: (value: any) => void}} props */
function OneField({ spec, value, error, onChange }) {
  const shared = { label: t(`films.field.${spec.name}`), error, onChange, class: spec.wide ? "films-wide" : "" };
  const now = value ?? spec.usual ?? null;
  if (spec.kind === "switch") return html`<${Switch} ...${shared} value=${now} class="films-wide" />`;
  if (spec.kind === "select") return html`<${Select} ...${shared} value=${now} options=${named(spec, now)} />`;
  if (spec.kind === "area") return html`<${TextArea} ...${shared} value=${now ?? ""} rows=${1} />`;
  if (spec.kind === "text") return html`<${TextField} ...${shared} value=${now ?? ""} />`;
  return html`<${NumberField} ...${shared} value=${now} min=${spec.min} max=${spec.max} step=${spec.step ?? 1} empty=${spec.empty} />`;
}

/** The options with their words; one that is asked for and is none of them is there as well. @param {Spec} spec @param {any} now */
function named(spec, now) {
  const options = (spec.options ?? []).map((one) => {
    if (typeof one === "object") return one;
    const key = `films.option.${spec.name}.${one}`;
    const words = t(key);
    return { value: one, label: words === key ? one : words };
  });
  return options.some((one) => one.value === now) ? options : [...options, { value: now, label: String(now) }];
}

/** A part of the settings that can be folded. @param {{title: string, about?: string, open?: boolean, children?: any}} props */
export function Fold({ title, about, open, children }) {
  return html`<details class="fold films-fold" open=${open}>
    <summary><${Icon} name="right" size=${16} class="fold-arrow" /><span>${title}</span>${about && html`<span class="fold-about">${about}</span>`}</summary>
    <div class="fold-body">${children}</div>
  </details>`;
}
