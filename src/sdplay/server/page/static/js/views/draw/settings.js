/** The settings of the Draw view, and the request that they make. What is null is left to the model. */
import { draft } from "../../core/drafts.js";

/** @typedef {{name: string, weight: number, on: boolean}} ChosenLora */

export const HIRES = { on: false, scale: 2, upscaler: "latent", steps: 0, strength: 0.7 };
export const CONTROL = {
  on: false,
  image: /** @type {any} */ (null),
  network: /** @type {any} */ (null),
  preprocessor: "auto",
  low: 100,
  high: 200,
  scale: 1,
  start: 0,
  end: 1,
};

export const BEGIN = {
  prompt: "",
  negative_prompt: "",
  model: "",
  width: /** @type {any} */ (null),
  height: /** @type {any} */ (null),
  steps: /** @type {any} */ (null),
  guidance_scale: /** @type {any} */ (null),
  sampler: /** @type {any} */ (null),
  schedule: /** @type {any} */ (null),
  seed: /** @type {any} */ (null),
  locked: false,
  num: 1,
  lora: /** @type {ChosenLora[]} */ ([]),
  style: /** @type {string[]} */ ([]),
  hires: HIRES,
  control: CONTROL,
  /** Fields that the panel has no place of its own for, by their names in the API. */
  more: /** @type {any} */ (null),
};

/** @typedef {typeof BEGIN} Settings */

export const settings = draft("draw", BEGIN);

/** @param {Partial<Settings>} fields */
export function change(fields) {
  settings.value = { ...settings.value, ...fields };
}

/** Fields of the API that the panel has a place for. */
export const PLACED = new Set([
  ...[
    "mode",
    "prompt",
    "negative_prompt",
    "model",
    "width",
    "height",
    "steps",
    "guidance_scale",
    "sampler",
    "schedule",
  ],
  ...["seed", "num", "lora", "style", "hires_scale", "hires_upscaler", "hires_steps", "hires_strength"],
  ...["control_image", "controlnet", "control_preprocessor", "canny_low", "canny_high"],
  ...["control_scale", "control_start", "control_end", "priority"],
]);

const SIMPLE = /** @type {const} */ (["width", "height", "steps", "guidance_scale", "sampler", "schedule"]);

/** The request that settings make, without what is left to the model. @param {Settings} now @returns {Record<string, any>} */
export function requestOf(now) {
  /** @type {Record<string, any>} */
  const request = { mode: "txt2img", prompt: now.prompt, ...clean(now.more ?? {}) };
  if (now.negative_prompt) request.negative_prompt = now.negative_prompt;
  if (now.model) request.model = now.model;
  for (const name of SIMPLE) if (now[name] !== null && now[name] !== "") request[name] = now[name];
  if (now.locked && now.seed !== null) request.seed = now.seed;
  if (now.num > 1) request.num = now.num;
  const loras = now.lora.filter((one) => one.on);
  if (loras.length) request.lora = loras.map((one) => `${one.name}:${one.weight}`);
  if (now.style.length) request.style = now.style;
  return { ...request, ...hiresOf(now.hires), ...controlOf(now.control) };
}

/** @param {Record<string, any>} fields */
function clean(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ""));
}

/** @param {typeof HIRES} hires */
function hiresOf(hires) {
  if (!hires.on || hires.scale <= 1) return {};
  const { scale, upscaler, steps, strength } = hires;
  return { hires_scale: scale, hires_upscaler: upscaler, hires_steps: steps, hires_strength: strength };
}

/** @param {typeof CONTROL} control */
function controlOf(control) {
  if (!control.on || !control.image) return {};
  return {
    control_image: control.image.id,
    ...(control.network ? { controlnet: control.network } : {}),
    control_preprocessor: control.preprocessor,
    canny_low: control.low,
    canny_high: control.high,
    control_scale: control.scale,
    control_start: control.start,
    control_end: control.end,
  };
}

/**
 * The settings that a request was made by; `kept` are those of the page that it says nothing of. A request of another
 * mode gives what words and settings it has.
 * @param {Record<string, any>} request @param {Settings} [kept] @returns {Settings}
 */
export function settingsOf(request, kept = BEGIN) {
  const { seed = null } = request;
  const known = Object.fromEntries(SIMPLE.map((name) => [name, request[name] ?? null]));
  const more = Object.entries(request).filter(([name, value]) => !PLACED.has(name) && value !== null && FREE.has(name));
  return {
    ...BEGIN,
    ...known,
    prompt: request.prompt ?? "",
    negative_prompt: request.negative_prompt ?? "",
    model: request.model ?? kept.model,
    seed,
    locked: seed !== null,
    num: request.num ?? 1,
    lora: list(request.lora).map(loraOf),
    style: list(request.style),
    hires: request.hires_scale > 1 ? { ...HIRES, ...named(request, "hires_"), on: true } : kept.hires,
    control: request.control_image ? { ...CONTROL, ...controlFrom(request), on: true } : { ...kept.control, on: false },
    more: more.length ? Object.fromEntries(more) : null,
  };
}

/** What settings of another mode may be taken over as they are. */
const FREE = new Set([
  ...[
    "prompt_syntax",
    "guidance_rescale",
    "eta",
    "clip_skip",
    "embedding",
    "vae",
    "noise",
    "anyway",
    "format",
    "preview",
  ],
]);

/** @param {any} value @returns {string[]} */
function list(value) {
  return value == null || value === "" ? [] : Array.isArray(value) ? value : [value];
}

/** @param {string} entry @returns {ChosenLora} */
export function loraOf(entry) {
  const [name = "", ...weights] = entry.split(":");
  return { name, weight: Number(weights.at(-1) ?? 1), on: true };
}

/** @param {Record<string, any>} request @param {string} prefix */
function named(request, prefix) {
  const found = Object.entries(request).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** @param {Record<string, any>} request */
function controlFrom(request) {
  return {
    ...named(request, "control_"),
    image: { id: request.control_image, url: `/api/v1/uploads/${request.control_image}` },
    network: request.controlnet ?? null,
    low: request.canny_low ?? CONTROL.low,
    high: request.canny_high ?? CONTROL.high,
  };
}

const SEEDS = 2 ** 32;

/** A seed by chance. */
export function newSeed() {
  return Math.floor(Math.random() * SEEDS);
}
