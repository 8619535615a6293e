/** What a picture is worked on with: the document, the tool, and where it lies on the screen. */

/** @import { CanvasDocument } from "../../canvas/document.js" */
/** @import { Rect, Size } from "../../canvas/rect.js" */
/** @import { Tool } from "../../canvas/tools.js" */
/** @import { Viewport } from "../../canvas/viewport.js" */
import { nextSize, nextSoftness } from "../../canvas/brush.js";
import { extendedRect } from "../../canvas/painter.js";
import { USUAL_TOOL } from "../../canvas/tools.js";
import { fit, kept, zoom } from "../../canvas/viewport.js";
import { draft } from "../../core/drafts.js";
import { signal } from "../../core/html.js";

const MARGIN = 48; // screen pixels around a picture that is fitted
const NARROW_MARGIN = 28;
const NARROW = 600;

/** @typedef {{ file: ImageBitmap, compare: number }} Shown  a result over the picture; see `Scene` */

/**
 * @typedef {object} Easel
 * @property {string} name
 * @property {{ value: CanvasDocument | null, peek: () => CanvasDocument | null }} work
 * @property {{ value: number, peek: () => number }} steps  counts up at each step, for whoever shows what came of it
 * @property {{ value: Viewport, peek: () => Viewport }} viewport
 * @property {{ value: Size, peek: () => Size }} screen
 * @property {{ value: Tool, peek: () => Tool }} tool
 * @property {{ value: Shown | null, peek: () => Shown | null }} shown
 * @property {{ value: { blur: number, grow: number }, peek: () => { blur: number, grow: number } }} edge  of the mask
 * @property {{ value: ((document: CanvasDocument) => Rect | null) | null, peek: () => any }} frame  what is drawn of it
 * @property {boolean} fitted  whether all of it is shown, and is to stay so
 * @property {boolean} masks  whether there is a mask to paint
 */

/** @param {string} name @param {{ masks: boolean }} options @returns {Easel} */
export function makeEasel(name, { masks }) {
  const usual = { ...USUAL_TOOL, layer: /** @type {"mask" | "paint"} */ (masks ? "mask" : "paint") };
  return {
    name,
    work: signal(/** @type {CanvasDocument | null} */ (null)),
    steps: signal(0),
    viewport: signal({ scale: 1, x: 0, y: 0 }),
    screen: signal({ width: 0, height: 0 }),
    tool: draft(`${name}.tool`, /** @type {Tool} */ (usual)),
    shown: signal(/** @type {Shown | null} */ (null)),
    edge: signal({ blur: 0, grow: 0 }),
    frame: signal(/** @type {((document: CanvasDocument) => Rect | null) | null} */ (null)),
    fitted: true,
    masks,
  };
}

/** Work on a document from now on. @param {Easel} easel @param {CanvasDocument} document */
export function putOn(easel, document) {
  easel.work.value = document;
  easel.shown.value = null;
  easel.steps.value++;
  fitIn(easel);
}

/** Show the whole picture. @param {Easel} easel */
export function fitIn(easel) {
  const document = easel.work.peek();
  const screen = easel.screen.peek();
  if (document === null || screen.width === 0) return;
  const margin = Math.min(screen.width, screen.height) < NARROW ? NARROW_MARGIN : MARGIN;
  easel.viewport.value = fit(extendedRect(document), screen, margin);
  easel.fitted = true;
}

/** Look at it from elsewhere, without losing it. @param {Easel} easel @param {Viewport} view */
export function lookAt(easel, view) {
  const document = easel.work.peek();
  if (document === null) return;
  easel.viewport.value = kept(view, extendedRect(document), easel.screen.peek());
  easel.fitted = false;
}

/** Zoom at the middle of the screen. @param {Easel} easel @param {number} factor */
export function zoomBy(easel, factor) {
  const { width, height } = easel.screen.peek();
  lookAt(easel, zoom(easel.viewport.peek(), factor, { x: width / 2, y: height / 2 }));
}

/** @param {Easel} easel @param {Partial<Tool>} change */
export function choose(easel, change) {
  easel.tool.value = { ...easel.tool.peek(), ...change };
}

/** Change the brush of the layer that is worked on. @param {Easel} easel @param {Partial<{ size: number, softness: number }>} change */
export function chooseBrush(easel, change) {
  const tool = easel.tool.peek();
  choose(easel, { [tool.layer]: { ...tool[tool.layer], ...change } });
}

/** @param {Easel} easel @param {1 | -1} direction */
export function resizeBrush(easel, direction) {
  const tool = easel.tool.peek();
  chooseBrush(easel, { size: nextSize(tool[tool.layer].size, direction) });
}

/** @param {Easel} easel @param {1 | -1} direction */
export function softenBrush(easel, direction) {
  const tool = easel.tool.peek();
  chooseBrush(easel, { softness: nextSoftness(tool[tool.layer].softness, direction) });
}

/** @param {Easel} easel */
export function undo(easel) {
  if (easel.work.peek()?.undo()) stepped(easel);
}

/** @param {Easel} easel */
export function redo(easel) {
  if (easel.work.peek()?.redo()) stepped(easel);
}

/** Say that something was done. @param {Easel} easel */
export function stepped(easel) {
  easel.steps.value++;
}
