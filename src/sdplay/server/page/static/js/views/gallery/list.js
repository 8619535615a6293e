/** The list that the gallery shows: which pictures, how many, the pages of it that are here, and which are chosen. */
import { api } from "../../core/api.js";
import { onEvent } from "../../core/events.js";
import { computed, signal } from "../../core/html.js";
import { toastError } from "../../parts/toast.js";
import { EVERYTHING, queryOf } from "./filter.js";
import { PAGE, Pages } from "./pages.js";
import { extended, NOTHING, only, rangeTo, toggled } from "./selection.js";

/** @typedef {import("./filter.js").Filter} Filter */

const SOON = 120; // milliseconds: several changes are one question
const pages = new Pages();

export const filter = signal(/** @type {Filter} */ (EVERYTHING));
/** How many pictures are in the list; null before it is known. */
export const total = signal(/** @type {number | null} */ (null));
/** Counts up when a page has come or a picture has changed. */
export const version = signal(0);
/** The tile that keys work on, -1 for none. */
export const current = signal(-1);
export const selection = signal(NOTHING);
export const chosen = computed(() => selection.value.chosen);
/** How many pictures came that are not shown yet, because somebody looks further down. */
export const fresh = signal(0);
/** Whether the wall is at its beginning, where new pictures are shown at once. */
export const atTop = signal(true);
/** What there is to filter by. */
export const facets = signal(
  /** @type {{total: number, starred: number, trash: number, models: Record<string, number>} | null} */ (null),
);

let newest = 0; // the list has nothing newer than the picture with this number
let asking = 0; // which list is asked for; answers for an older one come too late
/** @type {Map<number, Promise<void>>} */
const loading = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {number} index */
export const at = (index) => (index < 0 ? undefined : pages.at(index));
/** @param {number} id */
export const find = (id) => pages.find(id);

/** Show another list, from its beginning. @param {Filter} wanted */
export function show(wanted) {
  const isAsked = total.value !== null || loading.size > 0;
  if (isAsked && queryOf(wanted) === queryOf(filter.value)) return;
  filter.value = wanted;
  pages.clear();
  total.value = null;
  current.value = -1;
  selection.value = NOTHING;
  refresh();
}

/** Ask for the list anew; what is here is shown until then. */
export function refresh() {
  asking += 1;
  newest = 0;
  fresh.value = 0;
  loading.clear();
  pages.spoil();
  const page = Math.max(Math.floor(Math.max(current.value, 0) / PAGE), 0);
  void load(page);
  void refreshFacets();
}

async function refreshFacets() {
  facets.value = await api.get("pictures/facets").catch(() => facets.value);
}

/** Have the tiles `first` to `last` here, soon. @param {number} first @param {number} last */
export function need(first, last) {
  for (const page of pages.missing(first, last)) void load(page);
}

/** Have a page here; one that is asked for already is waited for. @param {number} page @returns {Promise<void>} */
function load(page) {
  const asked = loading.get(page) ?? fetchPage(page);
  loading.set(page, asked);
  return asked;
}

/** @param {number} page */
async function fetchPage(page) {
  const list = asking;
  const query = queryOf(filter.value, { offset: page * PAGE, limit: PAGE, total: true, upto: newest });
  try {
    const answer = await api.get(`pictures?${query}`);
    if (list !== asking) return;
    newest ||= answer.last ?? 0;
    pages.put(page, answer.pictures);
    total.value = answer.total;
    if (current.value >= answer.total) current.value = answer.total - 1;
    version.value += 1;
  } catch (error) {
    if (list === asking) toastError(error);
  } finally {
    if (list === asking) loading.delete(page);
  }
}

/** The picture of tile `index`, asked for if it is not here. @param {number} index */
export async function reach(index) {
  for (let list = -1; !pages.at(index) && list !== asking; ) {
    list = asking; // a list that is asked for anew meanwhile is waited for too
    await load(Math.floor(index / PAGE));
  }
  return pages.at(index);
}

/** At which tile a picture is, -1 if it is not in the list. @param {number} id */
export async function indexOf(id) {
  const here = pages.find(id);
  if (here) return here.index;
  const answer = await api.get(`pictures/${id}/place?${queryOf(filter.value)}`).catch(() => ({ offset: null }));
  return answer.offset ?? -1;
}

/** Change pictures here, before the service has. @param {Iterable<number>} numbers @param {Record<string, any>} fields */
export function changeHere(numbers, fields) {
  pages.change(numbers, fields);
  version.value += 1;
}

/** @param {number} index */
export function toggle(index) {
  const picture = pages.at(index);
  if (picture) selection.value = toggled(selection.value, picture.id, index);
}

/** Choose all from where the range begins up to tile `index`. @param {number} index */
export async function chooseTo(index) {
  const { first, last } = rangeTo(selection.value, index);
  selection.value = extended(
    { ...selection.value, anchor: selection.value.anchor < 0 ? first : selection.value.anchor },
    await numbers(first, last),
  );
}

export async function chooseAll() {
  selection.value = only(await numbers(0, total.value ?? 0), selection.value.anchor);
}

export function chooseNone() {
  selection.value = NOTHING;
}

/** @param {number} first @param {number} last */
async function numbers(first, last) {
  const here = [];
  for (let index = first; index < last && last - first <= PAGE; index += 1) {
    const picture = pages.at(index);
    if (picture) here.push(picture.id);
  }
  if (here.length === last - first) return here;
  const query = queryOf(filter.value, { offset: first, limit: Math.max(last - first, 1), upto: newest });
  return (await api.get(`pictures/numbers?${query}`)).pictures;
}

/** Refresh once, soon. */
export function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, SOON);
}

/** Keep the list as the service tells, while the gallery is shown. */
export function follow() {
  return onEvent((event) => {
    const isNew = event.type === "picture" || (event.type === "changed" && event.data.how === "found");
    if (isNew && !atTop.value && filter.value.sort === "newest") fresh.value += event.data.count ?? 1;
    else if (isNew || event.type === "changed" || event.type === "forgotten" || event.type === "reset") refreshSoon();
  });
}
