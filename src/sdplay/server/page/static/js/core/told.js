/** What the service says of a request, or of what went wrong, in the language of the page. */

/** @import { Problem } from "./api.js" */
import { has, language, t } from "./words.js";

const TICKS = /`([^`]+)`/g; // fields, as messages name them
const ENGLISH = language === "en"; // what the service speaks

/**
 * What went wrong: `title` says what kind of thing it is and what to do, `detail` is the service's own sentence, which
 * is English. @param {Partial<Problem>} problem @returns {{title: string, detail: string}}
 */
export function toldOf({ code, field, message, hint }) {
  const key = `problems.${code}`;
  const where = field ? `${fieldName(field)}: ` : "";
  return { title: has(key) ? t(key) : "", detail: `${where}${sentences(message, hint)}` };
}

/** What is wrong, for a line at the field itself. @param {Partial<Problem>} problem */
export function toldAtField({ code, message, hint }) {
  const said = sentences(message, hint);
  const key = `problems.${code}`;
  return ENGLISH || !has(key) ? said : `${t(key)} ${said}`;
}

/** What a field of a request is called on the page. @param {string} field */
export function fieldName(field) {
  const [name = field] = field.split(/[.[]/);
  const key = [`fields.${name}`, `films.field.${name}`, `films.lane.${name}`].find(has);
  return key ? t(key) : field;
}

/** @param {(string | null | undefined)[]} texts @returns {string} */
function sentences(...texts) {
  return texts.filter(Boolean).map(plain).join(". ");
}

/** A message of the service without its signs for fields. @param {string | null | undefined} text */
export function plain(text) {
  return (text ?? "").replace(TICKS, "$1");
}
