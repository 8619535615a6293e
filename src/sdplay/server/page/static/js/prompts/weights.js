/** The weight of what is selected in a prompt, changed by keys: `(red:1.1)`, and the strength in a `<lora:…:0.8>`. */

const GROUP = /\(([^()]*):(-?\d*\.?\d+)\)/g;
const LORA = /<lora:[^<>:]+:(-?\d*\.?\d+)(?=[:>])/g;
const WORD = /[^\s,.()[\]{}|:<>]/;

/** @typedef {{text: string, start: number, end: number}} Edited what is written, and what is selected in it */

/**
 * @param {string} text @param {number} start @param {number} end of the selection @param {number} change 0.1, say
 * @returns {Edited | null} null where there is nothing to weigh
 */
export function weigh(text, start, end, change) {
  const lora = around(text, LORA, start, end, 1);
  if (lora) return withNumber(text, lora.match, lora.match[1] ?? "", change, start, end);
  const group = around(text, GROUP, start, end, 0);
  if (group) return regrouped(text, group.match, change, start, end);
  const [from, to] = start === end ? wordAt(text, start) : trimmed(text, start, end);
  if (from === to) return null;
  const inside = text.slice(from, to);
  const written = `(${inside}:${rounded(1 + change)})`;
  return { text: text.slice(0, from) + written + text.slice(to), start: from + 1, end: from + 1 + inside.length };
}

/** The match of `pattern` that the selection lies in; `more` is how far it goes on. @param {string} text @param {RegExp} pattern @param {number} start @param {number} end @param {number} more */
function around(text, pattern, start, end, more) {
  for (const match of text.matchAll(pattern)) {
    if (match.index <= start && end <= match.index + match[0].length + more) return { match };
  }
  return null;
}

/** @param {string} text @param {RegExpMatchArray} match @param {string} number @param {number} change @param {number} start @param {number} end @returns {Edited} */
function withNumber(text, match, number, change, start, end) {
  const at = /** @type {number} */ (match.index) + match[0].lastIndexOf(number);
  const written = rounded(Number(number) + change);
  const after = text.slice(0, at) + written + text.slice(at + number.length);
  return { text: after, start: Math.min(start, after.length), end: Math.min(end, after.length) };
}

/** @param {string} text @param {RegExpMatchArray} match @param {number} change @param {number} start @param {number} end @returns {Edited} */
function regrouped(text, match, change, start, end) {
  const index = /** @type {number} */ (match.index);
  const [whole, inside = "", number = "1"] = match;
  const weight = rounded(Number(number) + change);
  if (weight !== "1") return withNumber(text, match, number, change, start, end);
  const after = text.slice(0, index) + inside + text.slice(index + whole.length);
  return { text: after, start: index, end: index + inside.length };
}

/** @param {number} value */
function rounded(value) {
  return String(Math.round(value * 100) / 100);
}

/** @param {string} text @param {number} at @returns {[number, number]} */
function wordAt(text, at) {
  let from = at;
  let to = at;
  while (from > 0 && WORD.test(text[from - 1] ?? "")) from -= 1;
  while (to < text.length && WORD.test(text[to] ?? "")) to += 1;
  return [from, to];
}

/** @param {string} text @param {number} start @param {number} end @returns {[number, number]} */
function trimmed(text, start, end) {
  const inside = text.slice(start, end);
  const from = start + inside.length - inside.trimStart().length;
  return [from, Math.max(from, end - (inside.length - inside.trimEnd().length))];
}
