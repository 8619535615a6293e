/** What the service is asked for, from what is on the canvas and what is set beside it. */

/** @import { Borders } from "./frame.js" */
/** @import { Size } from "./rect.js" */
import { extended, hasBorders } from "./frame.js";

const UNMASKED = ["mask_blur", "mask_grow", "fill", "only_masked", "padding"];
const LEFT_OUT = new Set(["width", "height", "num"]); // of a live request: it draws one, at the size that is quick

/** @typedef {Record<string, any>} Settings  fields of a request, null for what the model or chance decides */

/** @type {Readonly<Settings>} */
export const USUAL_SETTINGS = Object.freeze({
  prompt: "",
  negative_prompt: "",
  strength: 0.8,
  num: 2,
  seed: null,
  steps: null,
  guidance_scale: null,
  guidance_rescale: 0,
  clip_skip: 1,
  sampler: null,
  schedule: null,
  width: null,
  height: null,
  model: "",
  lora: [],
  style: [],
  fill: "original",
  only_masked: true,
  padding: 32,
  mask_blur: 4,
  mask_grow: 0,
});

/** @typedef {{ image: string, mask: string | null, borders: Borders }} Inputs  ids of uploads */

/** Inpainting, if there is a mask or an edge is moved; else drawing over the whole picture. @param {Inputs} inputs */
export function modeOf(inputs) {
  return inputs.mask !== null || hasBorders(inputs.borders) ? "inpaint" : "img2img";
}

/**
 * The request: fields that are null or empty are left out, and those of masks where there is none.
 * @param {Settings} settings @param {Inputs} inputs @returns {Record<string, any>}
 */
export function requestOf(settings, inputs) {
  const mode = modeOf(inputs);
  const given = Object.entries(settings).filter(([name, value]) => isGiven(value) && fits(mode, name));
  /** @type {Record<string, any>} */
  const request = { mode, ...Object.fromEntries(given), prompt: settings.prompt, image: inputs.image };
  if (inputs.mask !== null) request.mask = inputs.mask;
  if (hasBorders(inputs.borders)) request.extend = extendText(inputs.borders);
  return request;
}

/** The same for live drawing. @param {Settings} settings @param {Inputs} inputs @returns {Record<string, any>} */
export function liveRequestOf(settings, inputs) {
  const kept = Object.entries(settings).filter(([name]) => !LEFT_OUT.has(name));
  return requestOf(Object.fromEntries(kept), inputs);
}

/** @param {any} value */
function isGiven(value) {
  return value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
}

/** @param {string} mode @param {string} name */
function fits(mode, name) {
  return mode === "inpaint" || !UNMASKED.includes(name);
}

/** As `extend` is written: left=64,top=8. @param {Borders} borders */
export function extendText(borders) {
  const given = Object.entries(borders).filter(([, pixels]) => pixels > 0);
  return given.map(([side, pixels]) => `${side}=${pixels}`).join(",");
}

/**
 * The size at which "only masked" draws: what is asked, else the model's own.
 * @param {Settings} settings @param {number} side  the size that the model draws best @returns {Size}
 */
export function drawnSize(settings, side) {
  return { width: settings.width ?? side, height: settings.height ?? side };
}

/** A border in steps of 8 pixels, within what a picture may be. @param {number} pixels @param {number} most */
export function snapped(pixels, most) {
  return Math.max(0, Math.min(Math.round(pixels / 8) * 8, Math.floor(most / 8) * 8));
}

/** How much an edge may still be moved. @param {Size} size @param {Borders} borders @param {"left" | "top" | "right" | "bottom"} side @param {number} most */
export function room(size, borders, side, most) {
  const { width, height } = extended(size, { ...borders, [side]: 0 });
  return Math.max(0, most - (side === "left" || side === "right" ? width : height));
}
