/** What somebody has typed, kept over a reload: small things in localStorage, large ones in IndexedDB. */
import { effect, signal } from "./html.js";

const PREFIX = "sdplay.";
const VERSION = 1;
const DATABASE = "sdplay";
const STORE = "kept";

/** @type {Map<string, any>} */
const drafts = new Map();

/**
 * A signal that keeps its value over a reload. `initial` gives its form: an object keeps only fields that `initial`
 * has, and what is not of the same type is taken from `initial`.
 * @template T @param {string} name @param {T} initial @returns {{value: T, peek: () => T}}
 */
export function draft(name, initial) {
  const known = drafts.get(name);
  if (known) return known;
  const made = signal(restored(read(name), initial));
  drafts.set(name, made);
  effect(() => write(name, made.value));
  return made;
}

/** What is kept, as far as it fits. @template T @param {any} kept @param {T} initial @returns {T} */
export function restored(kept, initial) {
  if (kept === undefined) return initial;
  if (initial === null) return kept;
  if (Array.isArray(initial)) return Array.isArray(kept) ? /** @type {any} */ (kept) : initial;
  if (typeof initial !== "object") return typeof kept === typeof initial ? kept : initial;
  if (kept === null || typeof kept !== "object" || Array.isArray(kept)) return initial;
  const fields = Object.entries(initial).map(([field, value]) => [field, restored(kept[field], value)]);
  return Object.fromEntries(fields);
}

/** @param {string} name @returns {any} undefined where there is nothing, or nothing that can be read */
function read(name) {
  try {
    const { version, value } = JSON.parse(localStorage.getItem(PREFIX + name) || "{}");
    return version === VERSION ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} name @param {any} value */
function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify({ version: VERSION, value }));
  } catch {
    // a browser that keeps nothing, or a full one: the page goes on without it
  }
}

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act @returns {Promise<any>} */
async function inStore(mode, act) {
  const opened = await database();
  try {
    return await new Promise((resolve, reject) => {
      const request = act(opened.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    opened.close();
  }
}

/** Large things, blobs too, by name. Each gives a promise; what cannot be kept rejects. */
export const kept = {
  /** @param {string} name @returns {Promise<any>} undefined where there is nothing */
  get: (name) => inStore("readonly", (store) => store.get(name)),
  /** @param {string} name @param {any} value */
  put: (name, value) => inStore("readwrite", (store) => store.put(value, name)),
  /** @param {string} name */
  delete: (name) => inStore("readwrite", (store) => store.delete(name)),
};
