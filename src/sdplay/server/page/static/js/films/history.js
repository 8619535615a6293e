/** Undo and redo: states that are never changed, the last hundred of them. */

const MOST = 100;

/** @template T @typedef {{past: T[], now: T, future: T[], label: string}} History */

/** @template T @param {T} now @returns {History<T>} */
export function begun(now) {
  return { past: [], now, future: [], label: "" };
}

/**
 * A step on. Steps with the same `label`, one after the other, are one: dragging a point is undone at once.
 * @template T @param {History<T>} history @param {T} now @param {string} [label] @returns {History<T>}
 */
export function stepped(history, now, label = "") {
  if (now === history.now) return history;
  if (label && label === history.label) return { ...history, now, future: [] };
  return { past: [...history.past, history.now].slice(-MOST), now, future: [], label };
}

/** What was dragged or typed is finished: the next step is one of its own. @template T @param {History<T>} history @returns {History<T>} */
export function settled(history) {
  return history.label ? { ...history, label: "" } : history;
}

/** @template T @param {History<T>} history @returns {History<T>} */
export function undone(history) {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], label: "" };
}

/** @template T @param {History<T>} history @returns {History<T>} */
export function redone(history) {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.now], now: next, future, label: "" };
}
