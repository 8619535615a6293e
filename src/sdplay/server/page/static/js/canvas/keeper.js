/** The document on the disk of the browser: after a reload everything is there, undo too. */

/** @import { Base } from "./document.js" */
/** @import { Borders } from "./frame.js" */
/** @import { Step } from "./history.js" */
/** @import { PackedRaster } from "./tiles.js" */
import { CanvasDocument } from "./document.js";
import { packRaster, unpackRaster } from "./tiles.js";

const VERSION = 1;

/**
 * Where parts are kept, by name: all of a change is written, or nothing of it.
 * @typedef {object} Shelf
 * @property {(names: readonly string[]) => Promise<any[]>} read  undefined for what is not there
 * @property {(puts: ReadonlyMap<string, any>, deletes: readonly string[]) => Promise<void>} write
 */

/**
 * @typedef {object} Kept
 * @property {number} version
 * @property {string} base
 * @property {string[]} bases
 * @property {number[]} steps
 * @property {number} done
 * @property {number} nextStep
 * @property {Borders} borders
 */

export class Keeper {
  /** @param {Shelf} shelf @param {string} name  of the document */
  constructor(shelf, name) {
    this.shelf = shelf;
    this.name = name;
    /** @type {Set<string>} names of the parts that are on the disk and never change */
    this.there = new Set();
    /** @type {{ document: CanvasDocument | null, mask: number, paint: number }} the layers on the disk, by their changes */
    this.layers = { document: null, mask: 0, paint: 0 };
  }

  /** @param {string} part */
  #part(part) {
    return `${this.name}/${part}`;
  }

  /** Write what has changed. @param {CanvasDocument} document */
  async save(document) {
    const { history } = document;
    /** @type {Map<string, any>} */
    const lasting = new Map();
    for (const [id, base] of document.bases) lasting.set(this.#part(`base/${id}`), base);
    for (const step of history.steps) lasting.set(this.#part(`step/${step.id}`), step);
    const puts = new Map([...lasting].filter(([name]) => !this.there.has(name)));
    const { mask, paint } = document.changes;
    const isNew = this.layers.document !== document;
    if (isNew || this.layers.mask !== mask) puts.set(this.#part("mask"), packRaster(document.mask));
    if (isNew || this.layers.paint !== paint) puts.set(this.#part("paint"), packRaster(document.paint));
    puts.set(this.#part("document"), keptOf(document));
    const deletes = [...this.there].filter((name) => !lasting.has(name));
    await this.shelf.write(puts, deletes);
    this.there = new Set(lasting.keys());
    this.layers = { document, mask, paint };
  }

  /** The document as it was saved; null if there is none that can be read. @returns {Promise<CanvasDocument | null>} */
  async load() {
    const [kept] = /** @type {[Kept | undefined]} */ (await this.shelf.read([this.#part("document")]));
    if (kept?.version !== VERSION) return null;
    const names = [...kept.bases.map((id) => `base/${id}`), ...kept.steps.map((id) => `step/${id}`)];
    const parts = await this.shelf.read([...names, "mask", "paint"].map((name) => this.#part(name)));
    if (parts.some((part) => part === undefined)) return null;
    this.there = new Set(names.map((name) => this.#part(name)));
    return restored(kept, parts);
  }

  /** Forget the document. */
  async forget() {
    await this.shelf.write(new Map(), [
      ...this.there,
      ...["document", "mask", "paint"].map((name) => this.#part(name)),
    ]);
    this.there = new Set();
    this.layers = { document: null, mask: 0, paint: 0 };
  }
}

/** @param {CanvasDocument} document @returns {Kept} */
function keptOf(document) {
  return {
    version: VERSION,
    base: document.base.id,
    bases: [...document.bases.keys()],
    steps: document.history.steps.map((step) => step.id),
    done: document.history.done,
    nextStep: document.nextStep,
    borders: document.borders,
  };
}

/** @param {Kept} kept @param {any[]} parts  bases, steps, mask, paint */
function restored(kept, parts) {
  const bases = /** @type {Base[]} */ (parts.slice(0, kept.bases.length));
  const base = /** @type {Base} */ (bases.find((one) => one.id === kept.base));
  const document = new CanvasDocument(base);
  document.bases = new Map(bases.map((one) => [one.id, one]));
  document.history.steps = /** @type {Step[]} */ (parts.slice(kept.bases.length, -2));
  document.history.done = kept.done;
  document.nextStep = kept.nextStep;
  document.borders = kept.borders;
  document.mask = unpackRaster(/** @type {PackedRaster} */ (parts.at(-2)));
  document.paint = unpackRaster(/** @type {PackedRaster} */ (parts.at(-1)));
  return document;
}
