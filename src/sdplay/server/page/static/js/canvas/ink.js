/** What is done where a tool covers: mask or colour is laid on, or taken away. */

/** @import { Raster } from "./raster.js" */
/** @import { Rect } from "./rect.js" */

/** @typedef {{ erase: boolean, colour: readonly [number, number, number], opacity: number }} Ink  opacity 0 to 1 */

/**
 * Write into `layer` what `ink` makes of `before` where `covered` says so, within `rect`.
 *
 * `before` is the layer as it was when the stroke began: however often a stroke crosses itself, it is laid on once.
 * @param {Raster} layer @param {Raster} before @param {Raster} covered @param {Rect} rect @param {Ink} ink
 */
export function applyInk(layer, before, covered, rect, ink) {
  for (let y = rect.top; y < rect.bottom; y++) {
    for (let x = rect.left; x < rect.right; x++) {
      const at = y * layer.width + x;
      const share = (covered.data[at] / 255) * ink.opacity;
      if (layer.channels === 1) applyToMask(layer, before, at, share, ink.erase);
      else applyToColour(layer, before, at * 4, share, ink);
    }
  }
}

/** @param {Raster} layer @param {Raster} before @param {number} at @param {number} share @param {boolean} erase */
function applyToMask(layer, before, at, share, erase) {
  const was = before.data[at];
  layer.data[at] = erase ? was * (1 - share) : was + (255 - was) * share;
}

/** Porter and Duff's "over", straight alpha. @param {Raster} layer @param {Raster} before @param {number} at @param {number} share @param {Ink} ink */
function applyToColour(layer, before, at, share, ink) {
  const was = before.data[at + 3] / 255;
  const stays = was * (1 - share);
  const alpha = ink.erase ? stays : share + stays;
  layer.data[at + 3] = alpha * 255;
  for (let channel = 0; channel < 3; channel++) {
    const old = before.data[at + channel];
    layer.data[at + channel] = ink.erase || alpha === 0 ? old : (ink.colour[channel] * share + old * stays) / alpha;
  }
  if (layer.data[at + 3] === 0) layer.data.fill(0, at, at + 3);
}
