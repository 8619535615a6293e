/** What can be completed: LoRAs, embeddings, styles, wildcards, and what the model knows. Asked for once it is needed. */
import { api } from "../core/api.js";
import { computed, signal } from "../core/html.js";
import { models } from "../core/store.js";
import { language } from "../core/words.js";

/** @typedef {import("./complete.js").Entry} Entry */

const NAMES = { "zh-Hans": "zh" };

export const promptWords = signal(
  /** @type {{styles: {name: string, prompt: string}[], wildcards: string[]}} */ ({ styles: [], wildcards: [] }),
);
const known = signal(/** @type {Record<string, Entry[]>} */ ({}));
/** @type {Set<string>} */
const asked = new Set();

/** Ask for what is not known yet of a model. @param {string} model */
export function askFor(model) {
  once("words", async () => {
    promptWords.value = await api.get("prompt_words");
  });
  const facts = models.value.models.find((/** @type {any} */ one) => one.name === model);
  if (!facts?.things) return;
  once(`things ${model}`, async () => {
    const ours = /** @type {Record<string, string>} */ (NAMES)[language] ?? language;
    const things = await api.get(`models/${encodeURIComponent(model)}/things?language=${ours}`);
    known.value = { ...known.value, [model]: entriesOf(things, ours) };
  });
}

/** @param {string} name @param {() => Promise<void>} ask */
function once(name, ask) {
  if (asked.has(name)) return;
  asked.add(name);
  ask().catch(() => asked.delete(name)); // the next key that is pressed asks again
}

/** What a model knows, as entries. @param {any} things @param {string} ours @returns {Entry[]} */
export function entriesOf(things, ours) {
  /** @type {Map<string, Entry>} */
  const found = new Map();
  const add = (/** @type {string} */ text, /** @type {any} */ thing) => {
    if (!found.has(text))
      found.set(text, { text, kind: "thing", sign: thing.emoji[0], detail: text === thing.name ? "" : thing.name });
  };
  for (const [word, at] of Object.entries(things.names[ours] ?? {}))
    if (things.things[at]) add(word, things.things[at]);
  for (const thing of things.things) for (const word of [thing.name, ...thing.synonyms]) add(word, thing);
  for (const words of Object.values(things.words)) {
    for (const text of words) if (!found.has(text)) found.set(text, { text, kind: "word" });
  }
  return [...found.values()];
}

/** What there is to offer for a model. @param {string} model @returns {Entry[]} */
export function entriesFor(model) {
  return [...common.value, ...(known.value[model] ?? [])];
}

const common = computed(() => [
  ...models.value.loras.map((/** @type {string} */ text) => ({ text, kind: /** @type {const} */ ("lora") })),
  ...models.value.embeddings.map((/** @type {string} */ text) => ({ text, kind: /** @type {const} */ ("embedding") })),
  ...promptWords.value.styles.map((one) => ({
    text: one.name,
    kind: /** @type {const} */ ("style"),
    detail: one.prompt,
  })),
  ...promptWords.value.wildcards.map((text) => ({ text, kind: /** @type {const} */ ("wildcard") })),
]);
