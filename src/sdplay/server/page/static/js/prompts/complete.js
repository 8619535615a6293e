/** What could be meant by what somebody has begun to type in a prompt. */

/** @typedef {"lora" | "wildcard" | "style" | "embedding" | "thing" | "word"} Kind */
/** @typedef {{text: string, kind: Kind, sign?: string, detail?: string}} Entry what is offered; `sign` is an emoji */
/** @typedef {{kind: "lora" | "wildcard" | "word", from: number, query: string}} Place what is typed, from where */

const FEW = 8;
const SHORTEST = 2;
const LETTERS = /[\p{L}\p{N}'’-]/u;
const DENSE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/; // where one letter is a word

/**
 * What is being typed before `caret`: the name of a LoRA, of a wildcard, or up to three words.
 * @param {string} text @param {number} caret @returns {Place[]} the likeliest first
 */
export function placesAt(text, caret) {
  const before = text.slice(0, caret);
  const lora = /<([^<>]*)$/.exec(before);
  if (lora) {
    const query = (lora[1] ?? "").replace(/^l(o(r(a:?)?)?)?/, "");
    return query.includes(":") ? [] : [{ kind: "lora", from: lora.index, query }];
  }
  const wildcard = /__([\w/*-]*)$/.exec(before);
  if (wildcard && (before.match(/__/g) ?? []).length % 2 === 1) {
    return [{ kind: "wildcard", from: wildcard.index, query: wildcard[1] ?? "" }];
  }
  if (caret < text.length && LETTERS.test(text[caret] ?? "")) return []; // in the middle of a word
  return wordsBefore(before).map((from) => ({ kind: /** @type {const} */ ("word"), from, query: before.slice(from) }));
}

/** Where the last three, two, one words before the end of `before` begin. @param {string} before */
function wordsBefore(before) {
  /** @type {number[]} */
  const found = [];
  let at = before.length;
  while (found.length < 3) {
    while (at > 0 && LETTERS.test(before[at - 1] ?? "")) at -= 1;
    if (at === (found[0] ?? before.length)) break;
    found.unshift(at);
    if (before[at - 1] !== " ") break;
    at -= 1;
  }
  return found.filter((from) => before.length - from >= SHORTEST || DENSE.test(before.slice(from)));
}

/**
 * What is offered at `places`, the best first: what begins with what is typed, then what has a word that does.
 * @param {Place[]} places @param {Entry[]} entries @returns {{entry: Entry, from: number}[]}
 */
export function offers(places, entries) {
  /** @type {{entry: Entry, from: number, rank: number}[]} */
  const found = [];
  const seen = new Set();
  for (const place of places) {
    const query = place.query.toLowerCase();
    for (const entry of entries) {
      if (!fits(place, entry) || seen.has(entry)) continue;
      const text = entry.text.toLowerCase();
      const rank = text === query ? -1 : text.startsWith(query) ? 0 : begins(text, query) ? 1 : 2;
      if (rank === 2 || (rank === -1 && place.kind === "word" && entry.kind !== "style")) continue;
      seen.add(entry);
      found.push({ entry, from: place.from, rank: rank * 100 - query.length });
    }
  }
  return found.sort((a, b) => a.rank - b.rank || a.entry.text.length - b.entry.text.length).slice(0, FEW);
}

/** @param {Place} place @param {Entry} entry */
function fits(place, entry) {
  if (place.kind === "word") return entry.kind !== "lora" && entry.kind !== "wildcard";
  return place.kind === entry.kind;
}

/** Whether a later word of `text` begins with `query`. @param {string} text @param {string} query */
function begins(text, query) {
  return query === "" || new RegExp(`[\\s/_-]${query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "u").test(text);
}

/**
 * `text` with an entry in the place of what was typed. @param {string} text @param {number} from @param {number} caret @param {Entry} entry
 * @returns {{text: string, caret: number}}
 */
export function completed(text, from, caret, entry) {
  const written =
    { lora: `<lora:${entry.text}:1>`, wildcard: `__${entry.text}__`, style: "" }[/** @type {string} */ (entry.kind)] ??
    entry.text;
  const rest = text.slice(caret).replace(entry.kind === "wildcard" ? /^__/ : /^$/, "");
  return { text: text.slice(0, from) + written + rest, caret: from + written.length };
}
