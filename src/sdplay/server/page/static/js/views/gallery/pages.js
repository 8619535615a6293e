/** The part of a very long list that is here, in pages; those that are far from what is seen are let go of. */

export const PAGE = 100;
const KEPT = 40; // pages

/** @typedef {{id: number, [more: string]: any}} Picture */

export class Pages {
  constructor() {
    /** @type {Map<number, Picture[]>} */
    this.here = new Map();
    /** @type {Set<number>} */
    this.stale = new Set();
  }

  /** @param {number} index @returns {Picture | undefined} */
  at(index) {
    return this.here.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** The pages of tiles `first` to `last` that have to be asked for. @param {number} first @param {number} last */
  missing(first, last) {
    const pages = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page += 1) {
      if (!this.here.has(page) || this.stale.has(page)) pages.push(page);
    }
    return pages;
  }

  /** @param {number} page @param {Picture[]} pictures */
  put(page, pictures) {
    this.here.delete(page);
    this.here.set(page, pictures);
    this.stale.delete(page);
    for (const old of this.here.keys()) {
      if (this.here.size <= KEPT) break;
      this.here.delete(old);
      this.stale.delete(old);
    }
  }

  /** Show what is here until it is asked for anew. */
  spoil() {
    this.stale = new Set(this.here.keys());
  }

  clear() {
    this.here.clear();
    this.stale.clear();
  }

  /** Change pictures in their places. @param {Iterable<number>} numbers @param {Record<string, any>} fields */
  change(numbers, fields) {
    const wanted = new Set(numbers);
    for (const [page, pictures] of this.here) {
      if (!pictures.some((one) => wanted.has(one.id))) continue;
      this.here.set(
        page,
        pictures.map((one) => (wanted.has(one.id) ? { ...one, ...fields } : one)),
      );
    }
  }

  /** @param {number} id */
  find(id) {
    for (const [page, pictures] of this.here) {
      const index = pictures.findIndex((one) => one.id === id);
      if (index >= 0) return { index: page * PAGE + index, picture: /** @type {Picture} */ (pictures[index]) };
    }
    return undefined;
  }
}
