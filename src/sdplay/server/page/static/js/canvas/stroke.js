/** A stroke in the making: dabs are added, and it can be ended or given up. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect } from "./rect.js" */
/** @import { Brush, Touch } from "./brush.js" */
/** @import { Ink } from "./ink.js" */
import { coverByDab, dabsBetween } from "./brush.js";
import { applyInk } from "./ink.js";
import { cloneRaster, makeRaster } from "./raster.js";
import { isEmpty, NOTHING, union } from "./rect.js";

const FAINTEST = 0.05; // of the brush's size, at the lightest touch of a pen

/** @typedef {{ changed: (rect: Rect) => void, ended: (before: Raster, rect: Rect) => void }} Told */

export class Stroke {
  /** @param {Raster} layer @param {Ink} ink @param {Told} told */
  constructor(layer, ink, told) {
    this.layer = layer;
    this.ink = ink;
    this.told = told;
    this.before = cloneRaster(layer);
    this.covered = makeRaster(layer.width, layer.height, 1);
    /** @type {Rect} */
    this.rect = NOTHING;
    /** @type {Touch | null} */
    this.last = null;
    this.left = 0;
  }

  /** Go on to `touch` with a brush. @param {Touch} touch @param {Brush} brush */
  to(touch, brush) {
    const from = this.last ?? touch;
    const { dabs, left } = dabsBetween(from, touch, brush.size, this.last === null ? 0 : this.left);
    this.last = touch;
    this.left = left;
    this.cover((covered) => {
      let rect = NOTHING;
      for (const dab of dabs) {
        const radius = (brush.size / 2) * Math.max(FAINTEST, dab.pressure);
        rect = union(rect, coverByDab(covered, dab, radius, brush.softness));
      }
      return rect;
    });
  }

  /** Ink what `cover` covers. @param {(covered: Raster) => Rect} cover */
  cover(cover) {
    const rect = cover(this.covered);
    if (isEmpty(rect)) return;
    applyInk(this.layer, this.before, this.covered, rect, this.ink);
    this.rect = union(this.rect, rect);
    this.told.changed(rect);
  }

  end() {
    this.told.ended(this.before, this.rect);
  }

  /** Leave the layer as it was: two fingers came down, say. */
  giveUp() {
    this.layer.data.set(this.before.data);
    if (!isEmpty(this.rect)) this.told.changed(this.rect);
  }
}
