/** What is worked on, and what is set beside it. */
import { USUAL_SETTINGS } from "../../canvas/request.js";
import { draft } from "../../core/drafts.js";
import { computed } from "../../core/html.js";
import { models } from "../../core/store.js";
import { makeEasel } from "./easel.js";

export const easel = makeEasel("canvas", { masks: true });
export const settings = draft("canvas.settings", { ...USUAL_SETTINGS });

/** The model that is drawn with, as far as the service says. */
export const model = computed(() => {
  const name = settings.value.model || models.value.default;
  return models.value.models.find((/** @type {any} */ one) => one.name === name) ?? { name };
});

/** @param {Record<string, any>} change */
export function change(change) {
  settings.value = { ...settings.peek(), ...change };
}
