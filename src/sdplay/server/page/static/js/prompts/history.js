/** The prompts that were drawn, to go back to by keys. */
import { draft } from "../core/drafts.js";

/** @typedef {{prompt: string, negative_prompt: string}} Words */

const MOST = 100;
const kept = draft("draw.history", /** @type {Words[]} */ ([]));

/** `known` with the newest words first, each once. @param {Words[]} known @param {Words} words @returns {Words[]} */
export function added(known, words) {
  if (!words.prompt.trim()) return known;
  const others = known.filter((one) => one.prompt !== words.prompt || one.negative_prompt !== words.negative_prompt);
  return [words, ...others].slice(0, MOST);
}

/** @param {Words} words */
export function remember(words) {
  kept.value = added(kept.value, words);
}

/** A walk through what was drawn before: it begins, and ends, at what is being typed. */
export class Walk {
  /** @param {() => Words[]} known */
  constructor(known = () => kept.value) {
    this.known = known;
    this.at = -1;
    /** @type {Words | null} */
    this.typed = null;
  }

  /** The words one further back (1) or forth (-1); null where there are none. @param {number} direction @param {Words} now @returns {Words | null} */
  step(direction, now) {
    const known = this.known();
    const shown = this.at < 0 ? this.typed : known[this.at];
    if (this.at < 0 || shown?.prompt !== now.prompt) {
      this.at = -1;
      this.typed = now;
    }
    let next = this.at + direction;
    if (this.at < 0 && direction > 0 && known[0]?.prompt === now.prompt) next += 1; // what was just drawn is no step back
    if (next < -1 || next >= known.length) return null;
    this.at = next;
    return next < 0 ? this.typed : (known[next] ?? null);
  }
}
