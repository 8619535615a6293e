/** The axes of a grid while one thinks them up, and how they are written for the service. Pure: no DOM. */
import { expanded, readList, writtenList } from "./values.js";

/**
 * `text` are numbers as they are typed, `values` what is chosen or typed one by one; of LoRAs `values` are their names
 * and `text` how much of each, and with `without` there is a cell without any.
 * @typedef {{field: string, text: string, values: string[], without: boolean}} Axis
 */
/** @typedef {import("../api-types.d.ts").AxisFacts} Facts */

export const MOST_AXES = 3;
/** What people vary most, in this order; the others come after. */
const FIRST = [
  ...["prompt", "seed", "steps", "guidance_scale", "sampler", "schedule", "size", "strength", "model", "lora"],
  ...["negative_prompt", "hires_scale", "hires_strength", "control_scale", "quality", "clip_skip"],
];
const MASKS = ["mask", "extend"];
const THREE = 3;

/** @param {string} field @param {Partial<Axis>} [fields] @returns {Axis} */
export function axisOf(field, fields = {}) {
  return { field, text: "", values: [], without: false, ...fields };
}

/** The mode of a request by its fields, as the service tells it. @param {Record<string, any>} base */
export function modeOf(base) {
  if (MASKS.some((name) => base[name])) return "inpaint";
  return base.image ? "img2img" : "txt2img";
}

/** What can vary in a request with these fields. @param {Facts[]} facts @param {Record<string, any>} base @returns {Facts[]} */
export function offered(facts, base) {
  const mode = modeOf(base);
  const place = (/** @type {Facts} */ one) => (FIRST.includes(one.field) ? FIRST.indexOf(one.field) : FIRST.length);
  return facts.filter((one) => one.modes.includes(mode)).sort((a, b) => place(a) - place(b));
}

/** @param {Facts} facts */
export function isNumber(facts) {
  return facts.kind === "whole" || facts.kind === "number";
}

/** The values of an axis, each as the service reads it. @param {Axis} axis @param {Facts} facts @returns {string[]} */
export function valuesOf(axis, facts) {
  if (isNumber(facts)) return expanded(axis.text, facts.kind === "whole");
  if (facts.kind !== "lora") return axis.values;
  const weights = expanded(axis.text, false);
  const each = axis.values.flatMap((name) => (weights.length ? weights.map((weight) => `${name}:${weight}`) : [name]));
  return axis.without ? ["", ...each] : each;
}

/** How an axis is handed in: "steps=5,10,20"; null for one that has no values yet. @param {Axis} axis @param {Facts} facts @returns {string | null} */
export function written(axis, facts) {
  const values = valuesOf(axis, facts);
  if (values.every((value) => !value.trim())) return null;
  return `${facts.name}=${isNumber(facts) ? axis.text.trim() : writtenList(values)}`;
}

/** The axis that a text describes; null for one of a field that nobody knows. @param {string} text @param {Facts[]} facts @returns {Axis | null} */
export function axisFrom(text, facts) {
  const at = text.indexOf("=");
  const name = text.slice(0, at).trim().toLowerCase().replace(/^--/, "").replaceAll("_", "-");
  const found = facts.find((one) => one.name === name || one.field.replaceAll("_", "-") === name);
  if (!found || at < 0) return null;
  const values = text.slice(at + 1);
  return isNumber(found)
    ? axisOf(found.field, { text: values.trim() })
    : axisOf(found.field, { values: readList(values) });
}

/** What is proposed for a field that was just chosen. @param {Facts} facts @param {Record<string, any>} base @param {number} side of the model's pictures @returns {Axis} */
export function proposed(facts, base, side) {
  const typed = /** @type {Record<string, string>} */ ({
    steps: "5, 10, 20",
    guidance_scale: "1, 4, 7",
    seed: "1-4",
    strength: "0.4, 0.6, 0.8",
    clip_skip: "1, 2",
    num: "1, 2",
  })[facts.field];
  if (facts.kind === "lora") return axisOf(facts.field, { values: facts.choices.slice(0, 1), text: "0.4, 0.7, 1" });
  if (isNumber(facts)) return axisOf(facts.field, { text: typed ?? numbersOf(facts, base) });
  return axisOf(facts.field, { values: listed(facts, base, side) });
}

/** @param {Facts} facts @param {Record<string, any>} base */
function numbersOf(facts, base) {
  const { field, least, most } = facts;
  if (least !== null && most !== null && most - least <= 1) return `${least}-${most} [${THREE}]`;
  return String(base[field] ?? least ?? 1);
}

/** @param {Facts} facts @param {Record<string, any>} base @param {number} side @returns {string[]} */
function listed(facts, base, side) {
  if (facts.kind === "switch") return ["no", "yes"];
  if (facts.kind === "size") return [String(side), `${side}x${Math.round((side * 1.5) / 8) * 8}`];
  if (facts.kind === "words") return [phrases(String(base[facts.field] ?? ""))[0] ?? "", ""];
  if (facts.kind === "choice") return facts.choices.slice(0, THREE);
  return [""];
}

const LETTERS = /[\p{L}\p{N}'-]{3,}/gu;
const SMALL = new Set(["the", "and", "with", "for", "from", "into", "over", "under", "near", "one", "two"]);

/** What of a prompt one may want to replace: its words, then its parts. @param {string} prompt @returns {string[]} */
export function phrases(prompt) {
  const words = (prompt.match(LETTERS) ?? []).filter((word) => !SMALL.has(word.toLowerCase()));
  const parts = prompt.split(",").map((part) => part.trim());
  return [...new Set([...words, ...parts])].filter(Boolean);
}

/** How many cells so many values give. @param {number[]} counts */
export function cellsOf(counts) {
  return counts.reduce((product, count) => product * count, 1);
}

/** `axes` with two of them in each other's places. @param {Axis[]} axes @param {number} one @param {number} other @returns {Axis[]} */
export function swapped(axes, one, other) {
  const after = [...axes];
  [after[one], after[other]] = /** @type {[Axis, Axis]} */ ([axes[other], axes[one]]);
  return after;
}
