/** Schedules as they are written: `0:(0), 30:(1+sin(t)) ease` as keys that can be moved, and back. Nothing here asks the service. */

/**
 * `frame` is a whole number, or the text of an expression; `value` a number, or the text of an expression; `mode` is
 * the way to the next key, "" for the usual one.
 * @typedef {{frame: number | string, value: number | string, mode: string}} Key
 */

/** The ways from a key to the next that the editor offers. */
export const MODES = ["linear", "step", "ease", "ease-in", "ease-out", "cosine"];
const KNOWN = [...MODES, "hold", "ease-in-out"];

/** @type {Record<string, (u: number) => number>} */
const EASINGS = {
  linear: (u) => u,
  step: (u) => (u < 1 ? 0 : 1),
  hold: (u) => (u < 1 ? 0 : 1),
  "ease-in": (u) => u * u,
  "ease-out": (u) => u * (2 - u),
  ease: (u) => u * u * (3 - 2 * u),
  "ease-in-out": (u) => u * u * (3 - 2 * u),
  cosine: (u) => (1 - Math.cos(Math.PI * u)) / 2,
};
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WITH_MODE = /^(?<value>.*[)'"\d.\s])\s*(?<mode>[A-Za-z][A-Za-z-]*)$/s;
const DIGITS = 6;

/** `text` cut at `separator` where that stands in no brackets and no quotes. @param {string} text @param {string} separator */
function split(text, separator) {
  const parts = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const mark = /** @type {string} */ (text[at]);
    if (quote) quote = mark === quote ? "" : quote;
    else if (mark === "'" || mark === '"') quote = mark;
    else if (mark === "(") depth += 1;
    else if (mark === ")") depth -= 1;
    else if (mark === separator && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return { parts, open: depth !== 0 || quote !== "" };
}

/** @param {string} text without quotes around it */
function unquoted(text) {
  const bare = text.trim();
  return bare.length > 1 && bare[0] === bare.at(-1) && `'"`.includes(bare[0] ?? " ") ? bare.slice(1, -1).trim() : bare;
}

/** @param {string} text without brackets around all of it @returns {string} */
function unbracketed(text) {
  const bare = text.trim();
  if (!bare.startsWith("(") || !bare.endsWith(")")) return bare;
  let depth = 0;
  for (let at = 0; at < bare.length; at += 1) {
    depth += bare[at] === "(" ? 1 : bare[at] === ")" ? -1 : 0;
    if (depth === 0) return at === bare.length - 1 ? unbracketed(bare.slice(1, -1)) : bare;
  }
  return bare;
}

/** @param {string} text @returns {number | string} */
function numberOr(text) {
  return NUMBER.test(text) ? Number(text) : text;
}

/** The key that is written as `text`, null where it is none. @param {string} text @returns {Key | null} */
function readKey(text) {
  const { parts, open } = split(text, ":");
  if (parts.length !== 2 || open) return null;
  const [frame = "", rest = ""] = parts;
  const found = WITH_MODE.exec(rest.trim());
  const named = found?.groups?.mode?.toLowerCase() ?? "";
  const mode = KNOWN.includes(named) ? named : "";
  const value = unbracketed(unquoted(mode ? (found?.groups?.value ?? "") : rest));
  if (!value || !frame.trim()) return null;
  const at = unquoted(frame);
  return { frame: /^\d{1,9}$/.test(at) ? Number(at) : at, value: numberOr(value), mode };
}

/** The keys that `text` says, in order; null where it cannot be read as such. @param {string} text @returns {Key[] | null} */
export function parseSchedule(text) {
  const bare = text.trim();
  if (NUMBER.test(bare)) return [{ frame: 0, value: Number(bare), mode: "" }];
  if (bare.startsWith("{")) return fromJson(bare);
  const { parts, open } = split(bare, ",");
  if (open) return null;
  const keys = parts.filter((part) => part.trim()).map(readKey);
  return keys.length && keys.every((key) => key !== null) ? sorted(/** @type {Key[]} */ (keys)) : null;
}

/** @param {string} text @returns {Key[] | null} */
function fromJson(text) {
  try {
    const keys = Object.entries(JSON.parse(text)).map(([frame, value]) => readKey(`${frame}:(${value})`));
    return keys.length && keys.every((key) => key !== null) ? sorted(/** @type {Key[]} */ (keys)) : null;
  } catch {
    return null;
  }
}

/** In the order of their frames, as far as those are numbers. @param {Key[]} keys @returns {Key[]} */
export function sorted(keys) {
  return [...keys].sort((a, b) => (typeof a.frame === "number" && typeof b.frame === "number" ? a.frame - b.frame : 0));
}

/** A number as it is written in a schedule. @param {number} value */
export function numberText(value) {
  return String(Number(value.toFixed(DIGITS)));
}

/** The inverse of `parseSchedule`. @param {Key[]} keys @returns {string} */
export function scheduleText(keys) {
  return keys
    .map(({ frame, value, mode }) => {
      const at = typeof frame === "number" ? String(frame) : `"${frame}"`;
      return `${at}:(${typeof value === "number" ? numberText(value) : value})${mode ? ` ${mode}` : ""}`;
    })
    .join(", ");
}

/** Whether the page can say the value at every frame by itself. @param {Key[] | null} keys */
export function isPlain(keys) {
  return keys?.every((key) => typeof key.value === "number" && typeof key.frame === "number") ?? false;
}

/** The value at `frame` of keys that are all numbers. @param {Key[]} keys @param {number} frame @param {string} [usual] */
export function valueAt(keys, frame, usual = "linear") {
  let place = 0;
  while (place + 1 < keys.length && Number(keys[place + 1]?.frame) <= frame) place += 1;
  const key = /** @type {Key} */ (keys[place]);
  const next = keys[place + 1];
  const start = Number(key.value);
  if (!next || frame <= Number(key.frame)) return start;
  const share = (frame - Number(key.frame)) / (Number(next.frame) - Number(key.frame));
  const weight = (EASINGS[key.mode || usual] ?? ((u) => u))(share);
  return start + (Number(next.value) - start) * weight;
}

/** `keys` with another key at `place`. @param {Key[]} keys @param {number} place @param {Partial<Key>} change @returns {Key[]} */
export function withKey(keys, place, change) {
  return keys.map((key, at) => (at === place ? { ...key, ...change } : key));
}

/**
 * `keys` with the one at `place` moved to `frame` and `value`, between its neighbours: keys do not jump over others.
 * @param {Key[]} keys @param {number} place @param {number} frame @param {number | string} value @param {number} last
 */
export function movedKey(keys, place, frame, value, last) {
  const before = keys[place - 1]?.frame;
  const after = keys[place + 1]?.frame;
  const low = typeof before === "number" ? before + 1 : 0;
  const high = typeof after === "number" ? after - 1 : Math.max(last, Number(keys[place]?.frame) || 0);
  const at = Math.min(Math.max(Math.round(frame), low), Math.max(high, low));
  return withKey(keys, place, { frame: at, value });
}

/** `keys` with one more, or another value where there is one at that frame; and its place. @param {Key[]} keys @param {Key} key */
export function withNewKey(keys, key) {
  const there = keys.findIndex((one) => one.frame === key.frame);
  if (there >= 0) return { keys: withKey(keys, there, { value: key.value }), place: there };
  const made = sorted([...keys, key]);
  return { keys: made, place: made.indexOf(key) };
}

/** `keys` without the one at `place`; the last one stays. @param {Key[]} keys @param {number} place */
export function withoutKey(keys, place) {
  return keys.length > 1 ? keys.filter((_, at) => at !== place) : keys;
}

/**
 * A strength that is a cut at `frame`: a new picture there, and everything else as it was.
 * @param {Key[]} keys of numbers @param {number} frame @param {string} usual @returns {Key[]}
 */
export function withCut(keys, frame, usual = "linear") {
  const before = frame > 0 ? valueAt(keys, frame - 1, usual) : valueAt(keys, 0, usual);
  const after = valueAt(keys, frame + 1, usual);
  const kept = keys.filter((key) => Math.abs(Number(key.frame) - frame) > 1);
  const key = keys.find((one) => one.frame === frame + 1);
  return sorted([
    ...kept,
    ...(frame > 0 ? [{ frame: frame - 1, value: before, mode: "" }] : []),
    { frame, value: 1, mode: "step" },
    { frame: frame + 1, value: after, mode: key?.mode ?? "" },
  ]);
}
