/** The words of the page, in the language of whoever looks at it. */
import { first, words } from "./first.js";

/** The language of the page, `en` or `zh-Hans`, and those that there are. */
export const language = first.language || "en";
/** @type {string[]} */
export const languages = first.languages || ["en"];

const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

/**
 * The words for `key`. `{name}` in them is replaced by `values.name`; where `values.count` is given, the key may have
 * forms: `key.one`, `key.other`, and the count is written as people of this language write numbers. A key without words
 * is shown as it is.
 * @param {string} key @param {Record<string, string | number>} [values] @returns {string}
 */
export function t(key, values = {}) {
  const { count } = values;
  const shown = typeof count === "number" ? { ...values, count: numbers.format(count) } : values;
  return fill(found(words, key, values, plurals), shown);
}

/** @param {Record<string, string>} known @param {string} key @param {Record<string, any>} values @param {Intl.PluralRules} rules */
export function found(known, key, values, rules) {
  if (typeof values.count === "number") {
    const form = known[`${key}.${rules.select(values.count)}`] ?? known[`${key}.other`];
    if (form !== undefined) return form;
  }
  return known[key] ?? key;
}

/** @param {string} text @param {Record<string, any>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether there are words for `key`. @param {string} key */
export function has(key) {
  return key in words;
}

/** What a language is called by those who speak it: "Deutsch", "Français". @param {string} name */
export function ownName(name) {
  const own = new Intl.DisplayNames(name, { type: "language" }).of(name) ?? name;
  return own.charAt(0).toLocaleUpperCase(name) + own.slice(1);
}

/** Show the page in another language from now on. @param {string} name */
export function speak(name) {
  document.cookie = `sdplay_language=${name}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
}
