/** The parts of documents in IndexedDB. */

/** @import { Shelf } from "./keeper.js" */

const DATABASE = "sdplay.canvas";
const STORE = "parts";

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opened ??= new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  return opened;
}

/**
 * @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => T} act
 * @returns {Promise<T>} once all of it is on the disk
 */
async function inTransaction(mode, act) {
  const transaction = (await database()).transaction(STORE, mode);
  const result = act(transaction.objectStore(STORE));
  if (mode === "readwrite") transaction.commit(); // at once: the page may be about to be left
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  return result;
}

/** @type {Shelf} */
export const shelf = {
  read: async (names) => {
    const requests = await inTransaction("readonly", (store) => names.map((name) => store.get(name)));
    return requests.map((request) => request.result);
  },
  write: (puts, deletes) =>
    inTransaction("readwrite", (store) => {
      for (const [name, value] of puts) store.put(value, name);
      for (const name of deletes) store.delete(name);
    }),
};
