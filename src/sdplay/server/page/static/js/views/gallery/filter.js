/** What somebody wants to see of the gallery: as the address of the page, and as a query of the API. */

/**
 * @typedef {{text: string, starred: boolean, rating: number, kind: "" | "picture" | "film", model: string, since: string,
 *   until: string, sort: "newest" | "oldest" | "rating", trash: boolean}} Filter `since` and `until` are days: 2026-11-29.
 */

/** @type {Filter} */
export const EVERYTHING = {
  text: "",
  starred: false,
  rating: 0,
  kind: "",
  model: "",
  since: "",
  until: "",
  sort: "newest",
  trash: false,
};
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const SORTS = ["newest", "oldest", "rating"];

/** @param {Record<string, string>} query of the address @returns {Filter} */
export function filterOf(query) {
  const rating = Number(query.rating);
  const day = (/** @type {string | undefined} */ text) => (text && DAY.test(text) ? text : "");
  return {
    text: query.text ?? "",
    starred: query.starred === "1",
    rating: rating >= 1 && rating <= 5 ? Math.floor(rating) : 0,
    kind: query.kind === "picture" || query.kind === "film" ? query.kind : "",
    model: query.model ?? "",
    since: day(query.since),
    until: day(query.until),
    sort: /** @type {any} */ (SORTS.includes(query.sort ?? "") ? query.sort : "newest"),
    trash: query.trash === "1",
  };
}

/** As it stands behind the "?" of the address; "" for everything. @param {Filter} filter */
export function addressOf(filter) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value && value !== /** @type {any} */ (EVERYTHING)[name]) query.set(name, value === true ? "1" : String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** As the API is asked. @param {Filter} filter @param {Record<string, string | number | boolean>} [more] */
export function queryOf(filter, more = {}) {
  const query = new URLSearchParams();
  const { since, until, ...rest } = filter;
  for (const [name, value] of Object.entries({ ...rest, ...more })) {
    if (value) query.set(name, String(value));
  }
  if (since) query.set("since", String(midnight(since)));
  if (until) query.set("until", String(midnight(until, 1)));
  return query.toString();
}

/** When a day begins here, in seconds since 1970. @param {string} day @param {number} [later] days */
function midnight(day, later = 0) {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).getTime() / 1000;
}

/** How many filters are set, but for the words, the order and the trash. @param {Filter} filter */
export function filtersSet(filter) {
  const { starred, rating, kind, model, since, until } = filter;
  return [starred, rating, kind, model, since || until].filter(Boolean).length;
}

/** Whether it shows less than all there is. @param {Filter} filter */
export function isNarrow(filter) {
  return filtersSet(filter) > 0 || filter.text.trim() !== "";
}
