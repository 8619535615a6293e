/** Which views there are, for views that lead to others: they cannot import the list that they are in. */

/** @type {Set<string>} */
const names = new Set();

/** @param {string[]} shown */
export function announce(shown) {
  for (const name of shown) names.add(name);
}

/** Whether there is a view of this name. @param {string} name */
export function isShown(name) {
  return names.has(name);
}
