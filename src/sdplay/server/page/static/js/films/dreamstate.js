/** What is being edited as a dream, with undo. */
import { draft } from "../core/drafts.js";
import { computed, effect, signal } from "../core/html.js";
import { models } from "../core/store.js";
import { dreamRequest, fromRequest, newCard, timing, USUAL_SECONDS } from "./dream.js";
import { Undoable } from "./undoable.js";

/** @returns {import("./dream.js").Dream} */
export function freshDream() {
  return { cards: [newCard(), newCard()], fps: 24, loop: false, fields: {} };
}

const keptDraft = draft("films.dream", /** @type {any} */ (null));
const edits = new Undoable(/** @type {import("./dream.js").Dream} */ (keptDraft.peek()?.dream ?? freshDream()));
export const dream = edits.now;
export const canUndo = edits.canUndo;
export const canRedo = edits.canRedo;
export const settle = edits.settle;
export const undo = edits.undo;
export const redo = edits.redo;
export const base = signal(/** @type {string | null} */ (keptDraft.peek()?.base ?? null));
export const fileNames = signal(/** @type {Record<string, string>} */ (keptDraft.peek()?.names ?? {}));
export const times = computed(() => timing(dream.value));
export const modelName = computed(() => dream.value.fields.model || models.value.default);
/** The job as it stands; null while there is nothing to draw. */
export const request = computed(() =>
  dream.value.cards.some((card) => card.prompt.trim()) ? dreamRequest(dream.value) : null,
);

effect(() => {
  keptDraft.value = { dream: dream.value, base: base.value, names: fileNames.value };
});

/** @param {Partial<import("./dream.js").Dream>} change @param {string} [label] steps with the same one are undone at once */
export function change(change, label) {
  edits.write({ ...dream.peek(), ...change }, label);
}

/** @param {Record<string, any>} changed @param {string} [label] */
export function changeFields(changed, label) {
  const fields = { ...dream.peek().fields, ...changed };
  for (const [name, value] of Object.entries(changed)) if (value === null || value === "") delete fields[name];
  change({ fields }, label);
}

/** @param {string} id @param {Partial<import("./dream.js").Card>} fields @param {string} [label] */
export function changeCard(id, fields, label) {
  change({ cards: dream.peek().cards.map((card) => (card.id === id ? { ...card, ...fields } : card)) }, label);
}

/** @param {import("./dream.js").Dream} now @param {string | null} [job] */
export function replaceAll(now, job = null) {
  edits.write(now);
  base.value = job;
}

/** The dream that a job or a file asks for. @param {Record<string, any>} asked @param {string | null} [job] */
export function editDream(asked, job = null) {
  replaceAll(fromRequest(asked), job);
}

/** One more card at the end. */
export function addCard() {
  const { cards } = dream.peek();
  const last = cards.at(-1);
  const made = newCard({ seconds: last?.seconds ?? USUAL_SECONDS, negative: last?.negative ?? "" });
  change({ cards: [...cards, made] });
}
