/** Numbers, times and sizes, as people of the page's language write them. */
import { language, t } from "./words.js";

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** @param {number} value @param {number} [digits] after the point, at most @returns {string} */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** A number with always so many digits after the point. @param {number} value @param {number} digits */
export function fixed(value, digits) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    value,
  );
}

/** A share of one as "42 %". @param {number} share */
export function percent(share) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}

/** @param {number} value @param {string} unit @param {number} [digits] */
function inUnit(value, unit, digits = 0) {
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}

/** How long something takes: "0.4 sec", "12 sec", "3 min 20 sec", "2 hr 5 min". @param {number} value in seconds */
export function seconds(value) {
  if (value < 10 * SECOND) return inUnit(Math.max(value, 0), "second", 1);
  if (value < MINUTE) return inUnit(Math.round(value), "second");
  const whole = Math.round(value);
  if (whole < 10 * MINUTE) return `${inUnit(Math.floor(whole / MINUTE), "minute")} ${inUnit(whole % MINUTE, "second")}`;
  if (whole < HOUR) return inUnit(Math.round(whole / MINUTE), "minute");
  return `${inUnit(Math.floor(whole / HOUR), "hour")} ${inUnit(Math.round((whole % HOUR) / MINUTE), "minute")}`;
}

/** How much memory: "504 MB", "2.1 GB". @param {number} value */
export function bytes(value) {
  let unit = 0;
  let size = value;
  while (size >= 1000 && unit < SIZES.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return inUnit(size, SIZES[unit] ?? "byte", size < 10 && unit > 1 ? 1 : 0);
}

/** A point in time: the time for today, the date for others. @param {number} value seconds since 1970 */
export function date(value) {
  const then = new Date(value * 1000);
  const today = new Date().toDateString() === then.toDateString();
  const day = /** @type {const} */ ({ year: "numeric", month: "short", day: "numeric" });
  const time = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
  return new Intl.DateTimeFormat(language, today ? time : { ...day, ...time }).format(then);
}

/** How long ago: "3 minutes ago". @param {number} value seconds since 1970 @param {number} [now] */
export function ago(value, now = Date.now() / 1000) {
  const past = now - value;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  if (past < MINUTE) return t("common.now");
  if (past < HOUR) return format.format(-Math.round(past / MINUTE), "minute");
  if (past < DAY) return format.format(-Math.round(past / HOUR), "hour");
  return format.format(-Math.round(past / DAY), "day");
}
