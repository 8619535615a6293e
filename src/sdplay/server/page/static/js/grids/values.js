/** The values of an axis as they are written: "1-5", "4, 8, 12", "castle|house". The same notation as on the command line. */

const NUMBER = String.raw`([+-]?\d{1,19}(?:\.\d{1,19})?)`;
const RANGE = new RegExp(String.raw`^\s*${NUMBER}\s*-\s*${NUMBER}\s*(?:\(\s*${NUMBER}\s*\)|\[\s*(\d{1,9})\s*\])?\s*$`);
const MOST = 1000;
const DIGITS = 12; // of what is calculated: what comes after is only rounding

/**
 * The numbers in a text: some with commas between them, and ranges: `1-5`, `1-10 (+3)`, `1-7 [4]`. What is none stands
 * there as it is, for the service to refuse. `whole`: numbers are cut to be whole.
 * @param {string} text @param {boolean} whole @returns {string[]}
 */
export function expanded(text, whole) {
  return readList(text)
    .flatMap((part) => rangeOf(part, whole) ?? [part])
    .slice(0, MOST);
}

/** @param {string} part @param {boolean} whole @returns {string[] | null} null for what is no range */
function rangeOf(part, whole) {
  const found = RANGE.exec(part);
  if (!found) return null;
  const [, from = "", to = "", by, count] = found;
  const first = Number(from);
  const last = Number(to);
  if (count !== undefined) return evenly(first, last, Number(count), whole);
  const step = by === undefined ? (last >= first ? 1 : -1) : Number(by);
  const steps = step ? (last - first) / step : -1;
  if (steps < 0) return null;
  const many = Math.min(Math.floor(steps + 1e-9) + 1, MOST);
  return Array.from({ length: many }, (_, at) => shown(first + step * at, whole));
}

/** @param {number} first @param {number} last @param {number} count @param {boolean} whole */
function evenly(first, last, count, whole) {
  const apart = Math.max(count - 1, 1);
  return Array.from({ length: Math.min(count, MOST) }, (_, at) => shown(first + ((last - first) * at) / apart, whole));
}

/** @param {number} value @param {boolean} whole */
function shown(value, whole) {
  return String(whole ? Math.trunc(value) : Number(value.toPrecision(DIGITS)));
}

/** The values in a text, with commas between them, or bars where there is one; in double quotes they hold such signs. @param {string} text @returns {string[]} */
export function readList(text) {
  const bar = text.replace(/"[^"]*"/g, "").includes("|");
  const values = [];
  let value = "";
  let quoted = false;
  let begun = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (quoted && sign === '"' && text.charAt(at + 1) === '"') {
      value += '"';
      at += 1;
    } else if (sign === '"' && (quoted || !value.trim())) {
      quoted = !quoted;
      if (quoted) value = "";
      begun = true;
    } else if (!quoted && sign === (bar ? "|" : ",")) {
      values.push(value.trim());
      value = "";
      begun = true;
    } else value += sign;
  }
  return begun || value.trim() ? [...values, value.trim()] : [];
}

/** The inverse. @param {string[]} values @returns {string} */
export function writtenList(values) {
  const parts = values.map((value) =>
    /[,|"]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""').replace(/\s+/g, " ")}"` : value,
  );
  return parts.join("|");
}
