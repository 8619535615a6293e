/** What the grid would be, told before it is drawn: how many pictures, how long, and what is wrong with which axis. */

/** @import { Problem } from "../core/api.js" */
import { computed } from "../core/html.js";
import { toldAtField } from "../core/told.js";
import { Foresight } from "../prompts/foresight.js";
import { facts, request } from "./draft.js";

const OF_AXIS = "grid ";

export const foresight = new Foresight(
  () => (facts.value && request.value.grid.length ? /** @type {Record<string, any>} */ (request.value) : null),
  { explains: false },
);
export const plan = foresight.plan;
export const refusal = foresight.refusal;
export const isOld = foresight.isOld;

/** What is wrong, by the field; of an axis by its name in `axes`. */
export const problems = computed(() => {
  const fields = /** @type {Record<string, string>} */ ({});
  const axes = /** @type {Record<string, string[]>} */ ({});
  for (const one of refusal.value?.problems ?? []) {
    const name = one.field ?? "";
    if (name.startsWith(OF_AXIS)) {
      const axis = name.slice(OF_AXIS.length);
      const about = facts.value?.find((known) => known.name === axis)?.about;
      axes[axis] = [...(axes[axis] ?? []), sentenceOf(one.hint === about ? { ...one, hint: "" } : one)];
    } else fields[name] = toldAtField(one);
  }
  return { fields, axes };
});

/** @param {Problem} problem */
function sentenceOf(problem) {
  const value = problem.value?.replace(/^'(.*)'$/s, "$1");
  return value ? `${value}: ${toldAtField(problem)}` : toldAtField(problem);
}
