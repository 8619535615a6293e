/** Moving a job among those that wait, in the terms of the API: a job is put before another. */

/** @typedef {{job: string, before: string}} Move put `job` before another, "" for the first place */

/**
 * The moves that bring `id` to the place `to`: one, or two where it goes behind all others.
 * @param {string[]} order of the jobs that wait @param {string} id @param {number} to @returns {Move[]}
 */
export function moves(order, id, to) {
  const last = order.length - 1;
  const place = Math.min(Math.max(to, 0), last);
  const from = order.indexOf(id);
  if (from < 0 || from === place) return [];
  if (place === 0) return [{ job: id, before: "" }];
  if (place < last) return [{ job: id, before: /** @type {string} */ (placed(order, id, place)[place + 1]) }];
  const end = /** @type {string} */ (order[last]);
  const almost = from === last - 1 ? [] : [{ job: id, before: end }];
  return [...almost, { job: end, before: id }];
}

/** `order` with `id` at the place `to`. @param {string[]} order @param {string} id @param {number} to */
export function placed(order, id, to) {
  const others = order.filter((one) => one !== id);
  others.splice(to, 0, id);
  return others;
}
