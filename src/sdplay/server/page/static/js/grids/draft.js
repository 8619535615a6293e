/** The grid that is being thought up: what all its cells share, and its axes. It survives a reload. */
import { api } from "../core/api.js";
import { draft } from "../core/drafts.js";
import { computed, signal } from "../core/html.js";
import { models } from "../core/store.js";
import { toastError } from "../parts/toast.js";
import { requestOf, settings } from "../views/draw/settings.js";
import { axisFrom, axisOf, cellsOf, modeOf, offered, valuesOf, written } from "./axes.js";

/** @typedef {import("./axes.js").Axis} Axis */
/** @typedef {import("../api-types.d.ts").AxisFacts} Facts */

const NOT_SHARED = new Set(["mode", "grid", "num", "priority", "preview", "format", "frames"]);
const USUAL_SIDE = 512;
const BEGIN = [axisOf("steps", { text: "5, 10, 20" }), axisOf("guidance_scale", { text: "1, 4, 7" })];

/** `base`: fields of a request by their names in the API, null before anything is known; `axes`: across, down, blocks. */
const kept = draft("grids", { base: /** @type {any} */ (null), axes: BEGIN });

export const base = computed(
  () => /** @type {Record<string, any>} */ (kept.value.base ?? sharedOf(requestOf(settings.value))),
);
export const axes = computed(() => /** @type {Axis[]} */ (kept.value.axes));

/** What an axis can vary; null until the service has said it. */
export const facts = signal(/** @type {Facts[] | null} */ (null));

export async function askForAxes() {
  const told = await api.get("grids/axes").catch(toastError);
  if (told) facts.value = told.axes;
}

/** @param {string} field */
export function factsOf(field) {
  return facts.value?.find((one) => one.field === field);
}

/** What can vary now. */
export const choices = computed(() => offered(facts.value ?? [], base.value));

/** @param {Record<string, any>} fields what is null is left to the model */
export function change(fields) {
  const after = Object.entries({ ...base.peek(), ...fields }).filter(([, value]) => value !== null);
  kept.value = { ...kept.peek(), base: Object.fromEntries(after) };
}

/** @param {Axis[]} after */
export function setAxes(after) {
  kept.value = { ...kept.peek(), axes: after };
}

/** @param {number} at @param {Partial<Axis>} fields */
export function changeAxis(at, fields) {
  setAxes(axes.peek().map((axis, place) => (place === at ? { ...axis, ...fields } : axis)));
}

/** What of a request all cells share. @param {Record<string, any>} request */
export function sharedOf(request) {
  return Object.fromEntries(Object.entries(request).filter(([name, value]) => !NOT_SHARED.has(name) && value !== null));
}

/** Take over a request: of a grid its axes too. @param {Record<string, any>} request */
export async function takeOver(request) {
  if (request.grid && !facts.value) await askForAxes();
  const read = (request.grid ?? []).map((/** @type {string} */ text) => axisFrom(text, facts.value ?? []));
  const found = read.filter(Boolean);
  kept.value = { base: sharedOf(request), axes: found.length ? found : kept.peek().axes };
}

/** The settings of the Draw view, as they are now. */
export function takeDraw() {
  kept.value = { ...kept.peek(), base: sharedOf(requestOf(settings.value)) };
}

/** The axes as they are handed in: those that have values. */
export const texts = computed(() =>
  axes.value.flatMap((axis) => {
    const known = factsOf(axis.field);
    return (known && written(axis, known)) ?? [];
  }),
);

/** How many values each axis has. */
export const counts = computed(() =>
  axes.value.map((axis) => {
    const known = factsOf(axis.field);
    return known ? valuesOf(axis, known).length : 0;
  }),
);
export const cells = computed(() => cellsOf(counts.value.filter(Boolean)));

/** The fields that an axis varies. */
export const varied = computed(() => {
  const names = axes.value.map((axis) => axis.field).filter((name) => name !== "prompt" && name !== "negative_prompt");
  return new Set(names.flatMap((name) => (name === "size" ? ["size", "width", "height"] : [name])));
});

export const request = computed(() => ({ mode: "grid", grid: texts.value, ...base.value }));

export const model = computed(() => base.value.model || models.value.default);
export const modelFacts = computed(
  () => models.value.models.find((/** @type {any} */ one) => one.name === model.value) ?? {},
);
/** The side of a square that the model draws best. */
export const usualSide = computed(() => modelFacts.value.size ?? USUAL_SIDE);
export const mode = computed(() => modeOf(base.value));
