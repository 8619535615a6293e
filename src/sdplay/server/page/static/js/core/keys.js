/** Keys: each view says which it has and what they do; one sheet shows them all. */
import { signal, useLayoutEffect, useRef } from "./html.js";

/**
 * A key; one without `run` is only told of: what has the focus takes it itself.
 * @typedef {{keys: string, what: string, run?: (event: KeyboardEvent) => void, typing?: boolean}} Key
 */
/** @typedef {{view: string, keys: Key[]}} Group */

/** What is registered just now, those that came last first. */
export const groups = signal(/** @type {Group[]} */ ([]));

const NAMED = { " ": "Space", Esc: "Escape", Del: "Delete" };
const SHIFTED = /^[^a-zA-Z]$/; // "?" and "{" are typed with Shift on some keyboards and without on others

/** What somebody pressed, as it is written here: "Ctrl+Shift+Enter", "Alt+ArrowUp", "?". @param {KeyboardEvent} event */
export function pressed(event) {
  const name = /** @type {Record<string, string>} */ (NAMED)[event.key] ?? event.key;
  const single = name.length === 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && !(single && SHIFTED.test(name))) parts.push("Shift");
  return [...parts, single ? name.toLowerCase() : name].join("+");
}

/** @param {string} keys written by hand: "Ctrl+Enter", "Shift+V" */
export function normal(keys) {
  const parts = keys === "+" ? ["+"] : keys.split("+");
  const last = parts.pop() || "+";
  return [...parts, last.length === 1 ? last.toLowerCase() : last].join("+");
}

/** Whether keys go into something that is being typed. @param {EventTarget | null} target */
export function isTyping(target) {
  const element = /** @type {HTMLElement | null} */ (target);
  if (!element?.closest) return false;
  const input = element.closest("input, textarea, select, [contenteditable=true]");
  if (!input) return false;
  const type = input.getAttribute("type") || "text";
  return input.tagName !== "INPUT" || !["checkbox", "radio", "button", "range", "color", "file"].includes(type);
}

/**
 * The key that an event means, if any: single letters never while somebody types, unless the key says `typing: true`;
 * those with Ctrl or Alt always.
 * @param {Group[]} known @param {KeyboardEvent} event @returns {Key | undefined}
 */
export function meant(known, event) {
  const name = pressed(event);
  const typing = isTyping(event.target);
  for (const group of known) {
    const found = group.keys.find((key) => key.run && normal(key.keys) === name);
    if (found && (!typing || found.typing || /Ctrl|Alt/.test(name))) return found;
  }
  return undefined;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open]") && !event.ctrlKey) return;
  const key = meant(groups.value, event);
  if (!key) return;
  event.preventDefault();
  key.run?.(event);
}

/** Begin to listen. */
export function listenToKeys() {
  addEventListener("keydown", onKey);
}

/**
 * The keys of a view while it is shown. `what` is the key of the words that say what each does.
 * @param {string} view @param {Key[]} keys
 */
export function useKeys(view, keys) {
  const newest = useRef(keys);
  newest.current = keys;
  const names = keys.map((key) => key.keys).join(" ");
  useLayoutEffect(() => {
    // as soon as a view is seen: somebody who types quickly does not wait for the next frame
    const group = {
      view,
      keys: newest.current.map((key, index) => ({
        ...key,
        run: key.run && ((/** @type {KeyboardEvent} */ event) => newest.current[index]?.run?.(event)),
      })),
    };
    groups.value = [group, ...groups.value];
    return () => {
      groups.value = groups.value.filter((one) => one !== group);
    };
  }, [view, names]);
}
