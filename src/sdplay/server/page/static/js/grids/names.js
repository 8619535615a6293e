/** What fields and their values are called on the page. */
import { has, t } from "../core/words.js";
import { pretty } from "../views/draw/basics.js";

const NAMED = new Set(["sampler", "schedule", "hires_upscaler"]);

/** @param {string} field */
export function fieldName(field) {
  for (const key of [`grids.field.${field}`, `fields.${field}`]) if (has(key)) return t(key);
  return field.charAt(0).toUpperCase() + field.slice(1).replaceAll("_", " ");
}

/** @param {string} field @param {string} value */
export function valueName(field, value) {
  if (value === "") return t("grids.nothing");
  return NAMED.has(field) ? pretty(value) : value;
}
