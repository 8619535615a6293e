/** What the picture would be that the Draw view is set to. */
import { computed } from "../../core/html.js";
import { models } from "../../core/store.js";
import { Foresight } from "../../prompts/foresight.js";
import { requestOf, settings } from "./settings.js";

export const request = computed(() => requestOf(settings.value));
export const foresight = new Foresight(() => request.value);
export const plan = foresight.plan;
export const problems = foresight.problems;
export const refusal = foresight.refusal;

/** The model that is meant, and what is known of it. */
export const model = computed(() => settings.value.model || models.value.default);
export const facts = computed(
  () => models.value.models.find((/** @type {any} */ one) => one.name === model.value) ?? {},
);
