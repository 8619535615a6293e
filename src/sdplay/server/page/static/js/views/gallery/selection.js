/** Which pictures are chosen: their numbers, and the tile where a range begins. Pure: each gives a new selection. */

/** @typedef {{chosen: ReadonlySet<number>, anchor: number}} Selection */

/** @type {Selection} */
export const NOTHING = { chosen: new Set(), anchor: -1 };

/** @param {Selection} before @param {number} id @param {number} index @returns {Selection} */
export function toggled(before, id, index) {
  const chosen = new Set(before.chosen);
  if (!chosen.delete(id)) chosen.add(id);
  return { chosen, anchor: index };
}

/** All of a range as well. @param {Selection} before @param {Iterable<number>} ids @returns {Selection} */
export function extended(before, ids) {
  return { chosen: new Set([...before.chosen, ...ids]), anchor: before.anchor };
}

/** @param {Iterable<number>} ids @param {number} [anchor] @returns {Selection} */
export function only(ids, anchor = -1) {
  return { chosen: new Set(ids), anchor };
}

/** The tiles from the anchor to `index`: the first, and behind the last. @param {Selection} selection @param {number} index */
export function rangeTo(selection, index) {
  const from = selection.anchor < 0 ? index : selection.anchor;
  return { first: Math.min(from, index), last: Math.max(from, index) + 1 };
}
