/** What there is to say of a request before it is drawn, in words of the page. */

/** @import { Note } from "../api-types.d.ts" */
import { number } from "../core/format.js";
import { fieldName, plain } from "../core/told.js";
import { has, language, t } from "../core/words.js";

const list = new Intl.ListFormat(language, { type: "unit", style: "short" });

/** `things`: it is about what the model knows. @param {Note[]} notes @returns {{text: string, things: boolean}[]} */
export function notesOf(notes) {
  return notes.map((note) => {
    const key = `warnings.${note.code}`;
    return { text: has(key) ? t(key, valuesOf(note)) : plain(note.message), things: note.code === "unknown-words" };
  });
}

/** What a note names, as text. @param {Note} note @returns {Record<string, string>} */
function valuesOf({ values, words }) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (typeof value === "number") return [name, number(value, 3)];
      if (!Array.isArray(value)) return [name, String(value)];
      return [
        name,
        list.format(value.map(name === "fields" ? fieldName : (word) => withNear(word, words[word] ?? []))),
      ];
    }),
  );
}

/** A word, with what may have been meant. @param {string} word @param {string[]} near */
function withNear(word, near) {
  const said = t("common.quoted", { words: word });
  return near.length ? t("warnings.nearest", { word: said, names: list.format(near) }) : said;
}
