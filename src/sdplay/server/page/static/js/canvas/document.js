/** What is worked on: a base picture, a mask and a paint layer over it, and how they came to be. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect, Size } from "./rect.js" */
/** @import { Borders } from "./frame.js" */
/** @import { Ink } from "./ink.js" */
/** @import { LayerName, State, Step } from "./history.js" */
import { NO_BORDERS } from "./frame.js";
import { bytesOf, bytesOfTiles, History } from "./history.js";
import { flattened, isBlank, makeRaster, sameSize } from "./raster.js";
import { isEmpty, whole } from "./rect.js";
import { Stroke } from "./stroke.js";
import { changedTiles, packRaster, unpackRaster, writeTiles } from "./tiles.js";

/**
 * @typedef {object} Base  a picture that is never painted on itself
 * @property {string} id
 * @property {Raster} raster
 * @property {string} source  the id of the upload that holds the same pixels, "" for none yet
 * @property {number} picture  the number of the drawn picture that it is, 0 for none
 */

/** @typedef {{ layer: LayerName | "all", rect: Rect }} Change */

export class CanvasDocument {
  /** @param {Base} base @param {{ steps?: number, bytes?: number }} [limits] */
  constructor(base, limits) {
    /** @type {Map<string, Base>} */
    this.bases = new Map([[base.id, base]]);
    this.base = base;
    this.mask = makeRaster(base.raster.width, base.raster.height, 1);
    this.paint = makeRaster(base.raster.width, base.raster.height, 4);
    /** @type {Borders} */
    this.borders = NO_BORDERS;
    this.history = new History(limits);
    this.nextStep = 1;
    /** How often each layer changed: who keeps it sees whether it is to be kept again. */
    this.changes = { mask: 0, paint: 0 };
    /** @type {Set<(change: Change) => void>} */
    this.listeners = new Set();
  }

  /** @returns {Size} */
  get size() {
    return { width: this.base.raster.width, height: this.base.raster.height };
  }

  get hasMask() {
    return !isBlank(this.mask);
  }

  get hasPaint() {
    return !isBlank(this.paint);
  }

  /** What is drawn from: the base with the paint over it. @returns {Raster} */
  get picture() {
    return this.hasPaint ? flattened(this.base.raster, this.paint) : this.base.raster;
  }

  /** @param {(change: Change) => void} listener @returns {() => void} to stop listening */
  listen(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** @param {LayerName | "all"} layer @param {Rect} rect */
  tell(layer, rect) {
    if (layer !== "paint") this.changes.mask++;
    if (layer !== "mask") this.changes.paint++;
    for (const listener of this.listeners) listener({ layer, rect });
  }

  /** Begin a stroke on a layer; it is a step once it ends. @param {LayerName} layer @param {Ink} ink @param {string} label */
  stroke(layer, ink, label) {
    return new Stroke(this[layer], ink, {
      changed: (rect) => this.tell(layer, rect),
      ended: (before, rect) => this.#remember(layer, before, rect, label),
    });
  }

  /**
   * Ink what a tool covers at once, as one step.
   * @param {LayerName} layer @param {Ink} ink @param {string} label @param {(covered: Raster) => Rect} cover
   */
  ink(layer, ink, label, cover) {
    const stroke = this.stroke(layer, ink, label);
    stroke.cover(cover);
    stroke.end();
  }

  /** Replace the mask by what `make` makes of it, as one step. @param {string} label @param {(mask: Raster) => Raster} make */
  reshapeMask(label, make) {
    const before = this.mask;
    this.mask = make(before);
    this.#remember("mask", before, whole(this.mask), label);
    this.tell("mask", whole(this.mask));
  }

  /** Take everything off a layer, as one step. @param {LayerName} layer */
  clear(layer) {
    const before = this[layer];
    this[layer] = makeRaster(before.width, before.height, before.channels);
    this.#remember(layer, before, whole(before), "clear");
    this.tell(layer, whole(before));
  }

  /** Paint beyond the edges, as one step. @param {Borders} borders */
  extend(borders) {
    if (this.#isAlready(borders)) return;
    const before = this.#state(false);
    this.borders = { ...borders };
    this.#rememberState(before, this.#state(false), "extend");
    this.tell("all", whole(this.size));
  }

  /** @param {Borders} borders */
  #isAlready({ left, top, right, bottom }) {
    const { borders } = this;
    return left === borders.left && top === borders.top && right === borders.right && bottom === borders.bottom;
  }

  /** Take another base, with empty layers, as one step. @param {Base} base @param {string} label */
  replaceBase(base, label) {
    const before = this.#state(true);
    this.bases.set(base.id, base);
    this.base = base;
    this.mask = makeRaster(base.raster.width, base.raster.height, 1);
    this.paint = makeRaster(base.raster.width, base.raster.height, 4);
    this.borders = NO_BORDERS;
    this.#rememberState(before, this.#state(true), label);
    this.tell("all", whole(this.size));
  }

  undo() {
    const step = this.history.undo();
    if (step !== null) this.#apply(step, "before");
    return step;
  }

  redo() {
    const step = this.history.redo();
    if (step !== null) this.#apply(step, "after");
    return step;
  }

  /** Undo or redo until so many steps are done. @param {number} done */
  goTo(done) {
    while (this.history.done > done && this.undo() !== null);
    while (this.history.done < done && this.redo() !== null);
  }

  /** @param {Step} step @param {"before" | "after"} which */
  #apply(step, which) {
    if (step.tiles !== null) this.tell(step.tiles.layer, writeTiles(this[step.tiles.layer], step.tiles.changes, which));
    if (step.state !== null) this.#take(step.state[which]);
  }

  /** @param {State} state */
  #take(state) {
    this.base = /** @type {Base} */ (this.bases.get(state.base));
    this.borders = state.borders;
    if (state.mask !== null) this.mask = unpackRaster(state.mask);
    if (state.paint !== null) this.paint = unpackRaster(state.paint);
    this.tell("all", whole(this.size));
  }

  /** @param {boolean} layers  whether they are part of it @returns {State} */
  #state(layers) {
    return {
      base: this.base.id,
      borders: this.borders,
      mask: layers ? packRaster(this.mask) : null,
      paint: layers ? packRaster(this.paint) : null,
    };
  }

  /** @param {LayerName} layer @param {Raster} before @param {Rect} rect @param {string} label */
  #remember(layer, before, rect, label) {
    if (isEmpty(rect) || !sameSize(before, this[layer])) return;
    const changes = changedTiles(before, this[layer], rect);
    if (changes.length > 0) this.#push({ label, tiles: { layer, changes }, state: null, bytes: bytesOfTiles(changes) });
  }

  /** @param {State} before @param {State} after @param {string} label */
  #rememberState(before, after, label) {
    const layers = [before.mask, before.paint, after.mask, after.paint];
    const base = before.base === after.base ? 0 : this.base.raster.data.length;
    const bytes = layers.reduce((sum, layer) => sum + bytesOf(layer), base);
    this.#push({ label, tiles: null, state: { before, after }, bytes });
  }

  /** @param {Omit<Step, "id">} step */
  #push(step) {
    this.history.push({ id: this.nextStep++, ...step });
    const wanted = new Set([this.base.id, ...this.history.steps.flatMap(basesOf)]);
    for (const id of this.bases.keys()) if (!wanted.has(id)) this.bases.delete(id);
  }
}

/** @param {Step} step @returns {string[]} */
function basesOf(step) {
  return step.state === null ? [] : [step.state.before.base, step.state.after.base];
}
