/** Undo and redo: steps, the oldest of which is forgotten when there are too many or they take too much memory. */

/** @import { PackedRaster, TileChange } from "./tiles.js" */
/** @import { Borders } from "./frame.js" */

export const MOST_STEPS = 100;
export const MOST_BYTES = 256 * 2 ** 20;

/** @typedef {"mask" | "paint"} LayerName */

/**
 * @typedef {object} State  what a step replaces as a whole; a layer that is null stays as it is
 * @property {string} base  the id of the base picture
 * @property {Borders} borders
 * @property {PackedRaster | null} mask
 * @property {PackedRaster | null} paint
 */

/**
 * @typedef {object} Step
 * @property {number} id
 * @property {string} label  what was done, as a word of the page
 * @property {{ layer: LayerName, changes: TileChange[] } | null} tiles
 * @property {{ before: State, after: State } | null} state
 * @property {number} bytes  that are kept for it
 */

export class History {
  /** @param {{ steps?: number, bytes?: number }} [limits] */
  constructor({ steps = MOST_STEPS, bytes = MOST_BYTES } = {}) {
    this.limits = { steps, bytes };
    /** @type {Step[]} */
    this.steps = [];
    /** How many of the steps are done; the rest was undone. */
    this.done = 0;
  }

  get canUndo() {
    return this.done > 0;
  }

  get canRedo() {
    return this.done < this.steps.length;
  }

  get bytes() {
    return this.steps.reduce((sum, step) => sum + step.bytes, 0);
  }

  /** Remember a step that was done; what was undone before is gone. @param {Step} step */
  push(step) {
    this.steps = [...this.steps.slice(0, this.done), step];
    while (this.steps.length > 1 && (this.steps.length > this.limits.steps || this.bytes > this.limits.bytes)) {
      this.steps.shift();
    }
    this.done = this.steps.length;
  }

  /** The step to take back; null for none. @returns {Step | null} */
  undo() {
    return this.canUndo ? this.steps[--this.done] : null;
  }

  /** The step to do again; null for none. @returns {Step | null} */
  redo() {
    return this.canRedo ? this.steps[this.done++] : null;
  }
}

/** The bytes of a packed layer. @param {PackedRaster | null} packed */
export function bytesOf(packed) {
  return packed === null ? 0 : packed.tiles.reduce((sum, tile) => sum + tile.length, 0);
}

/** The bytes of changed tiles. @param {readonly TileChange[]} changes */
export function bytesOfTiles(changes) {
  return changes.reduce((sum, change) => sum + change.before.length + change.after.length, 0);
}
