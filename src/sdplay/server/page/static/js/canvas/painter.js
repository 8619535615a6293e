/** Shows a document on a canvas of the browser: base, paint, mask, what is beyond the edges, and a result over it. */

/** @import { CanvasDocument } from "./document.js" */
/** @import { LayerName } from "./history.js" */
/** @import { Borders } from "./frame.js" */
/** @import { Raster } from "./raster.js" */
/** @import { Point, Rect } from "./rect.js" */
/** @import { Viewport } from "./viewport.js" */
import { extended, hasBorders } from "./frame.js";
import { intersection, isEmpty, whole } from "./rect.js";
import { toScreen } from "./viewport.js";

const MASK_COLOURS = ["rgb(255 84 56)", "rgb(255 240 232)"];
const MASK_OPACITY = 0.62;
const STRIPE = 5; // screen pixels; stripes are seen on whatever colour the picture has
const CRISP = 6; // from this scale on pixels are shown as squares
const DASH = 6;

/** @typedef {OffscreenCanvasRenderingContext2D} Context */

/**
 * @typedef {object} Scene  what is shown beside the document
 * @property {Viewport} viewport  in screen pixels
 * @property {CanvasImageSource | null} result  over the extended picture
 * @property {number} compare  0 to 1: left of it the document is seen, right of it the result
 * @property {boolean} mask  whether the mask is shown
 * @property {Rect | null} frame  of the extended picture, that "only masked" draws
 * @property {readonly Point[]} outline  of a lasso or a rectangle in the making
 * @property {{ at: Point, radius: number } | null} brush  around the pointer, of the picture
 */

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: true }));
    this.base = surface(1, 1);
    this.paint = surface(1, 1);
    this.mask = surface(1, 1);
    this.veil = surface(1, 1); // the mask as it is seen on the screen
    /** Where the mask's surface lies: an extended picture begins left of and above the old one. */
    this.maskAt = { x: 0, y: 0 };
  }

  /** Take over a document as a whole. @param {CanvasDocument} document */
  take(document) {
    const { width, height } = document.size;
    this.base = surface(width, height);
    this.base.putImageData(new ImageData(document.base.raster.data, width, height), 0, 0);
    this.paint = surface(width, height);
    this.update(document, "paint", whole(document.size));
    this.showMask(document.mask, { x: 0, y: 0 });
  }

  /** Take over what changed in a layer. @param {CanvasDocument} document @param {LayerName} layer @param {Rect} rect */
  update(document, layer, rect) {
    const part = intersection(rect, whole(document.size));
    if (isEmpty(part)) return;
    const size = [part.right - part.left, part.bottom - part.top];
    if (layer === "paint") {
      const image = new ImageData(document.paint.data, document.size.width, document.size.height);
      this.paint.putImageData(image, 0, 0, part.left, part.top, size[0], size[1]);
    } else {
      this.mask.putImageData(opacity(document.mask, part), part.left - this.maskAt.x, part.top - this.maskAt.y);
    }
  }

  /** Show another mask than the document's own: as it will be used. @param {Raster} mask @param {Point} at */
  showMask(mask, at) {
    this.mask = surface(mask.width, mask.height);
    this.maskAt = at;
    this.mask.putImageData(opacity(mask, whole(mask)), 0, 0);
  }

  /** @param {CanvasDocument} document @param {Scene} scene */
  show(document, scene) {
    const { context, canvas } = this;
    const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    const { scale, x, y } = scene.viewport;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    context.imageSmoothingEnabled = scale * ratio < CRISP;
    context.imageSmoothingQuality = "high";
    this.#showPicture(document, scene);
    if (scene.result !== null) this.#showResult(document, scene);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (scene.result === null && scene.frame !== null) this.#showFrame(document, scene);
    if (scene.outline.length > 1) this.#showOutline(scene);
    if (scene.brush !== null) this.#showBrush(scene);
  }

  /** @param {CanvasDocument} document @param {Scene} scene */
  #showPicture(document, scene) {
    const { context } = this;
    if (hasBorders(document.borders)) this.#showEdges(document);
    context.drawImage(this.base.canvas, 0, 0);
    context.drawImage(this.paint.canvas, 0, 0);
    if (scene.mask) this.#showVeil();
  }

  /** The mask in stripes that stand still on the screen, whatever the zoom. */
  #showVeil() {
    const { context, canvas } = this;
    const { width, height } = canvas;
    if (this.veil.canvas.width !== width || this.veil.canvas.height !== height) this.veil = surface(width, height);
    const { veil } = this;
    veil.setTransform(1, 0, 0, 1, 0, 0);
    veil.globalCompositeOperation = "source-over";
    veil.clearRect(0, 0, width, height);
    veil.setTransform(context.getTransform());
    veil.imageSmoothingEnabled = context.imageSmoothingEnabled;
    veil.drawImage(this.mask.canvas, this.maskAt.x, this.maskAt.y);
    veil.setTransform(1, 0, 0, 1, 0, 0);
    veil.globalCompositeOperation = "source-in";
    veil.fillStyle = stripes(width / Math.max(canvas.clientWidth, 1));
    veil.fillRect(0, 0, width, height);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = MASK_OPACITY;
    context.drawImage(veil.canvas, 0, 0);
    context.restore();
  }

  /** The outermost pixels, drawn out to the new edges: what the new part starts from. @param {CanvasDocument} document */
  #showEdges({ borders, size }) {
    const { context, base } = this;
    const { left, top, right, bottom } = borders;
    const { width, height } = size;
    const columns = /** @type {const} */ ([[0, 1, -left, left], [0, width, 0, width], [width - 1, 1, width, right]]); // biome-ignore format: from, how many, to, how many
    const rows = /** @type {const} */ ([[0, 1, -top, top], [0, height, 0, height], [height - 1, 1, height, bottom]]); // biome-ignore format: the same
    for (const [fromX, wide, toX, across] of columns) {
      for (const [fromY, high, toY, down] of rows) {
        if (across > 0 && down > 0) context.drawImage(base.canvas, fromX, fromY, wide, high, toX, toY, across, down);
      }
    }
  }

  /** @param {CanvasDocument} document @param {Scene} scene */
  #showResult({ borders, size }, { result, compare }) {
    const { context } = this;
    const all = extended(size, borders);
    context.save();
    context.beginPath();
    context.rect(-borders.left + all.width * compare, -borders.top, all.width * (1 - compare), all.height);
    context.clip();
    context.drawImage(/** @type {CanvasImageSource} */ (result), -borders.left, -borders.top, all.width, all.height);
    context.restore();
  }

  /** @param {CanvasDocument} document @param {Scene} scene */
  #showFrame({ borders }, { frame, viewport }) {
    const { left, top, right, bottom } = /** @type {Rect} */ (frame);
    const from = toScreen(viewport, { x: left - borders.left, y: top - borders.top });
    const to = toScreen(viewport, { x: right - borders.left, y: bottom - borders.top });
    this.#line(() => this.context.rect(from.x, from.y, to.x - from.x, to.y - from.y), [DASH, DASH]);
  }

  /** @param {Scene} scene */
  #showOutline({ outline, viewport }) {
    this.#line(() => {
      outline.forEach((point, index) => {
        const { x, y } = toScreen(viewport, point);
        if (index === 0) this.context.moveTo(x, y);
        else this.context.lineTo(x, y);
      });
      this.context.closePath();
    }, [DASH, DASH]);
  }

  /** @param {Scene} scene */
  #showBrush({ brush, viewport }) {
    const { at, radius } = /** @type {NonNullable<Scene["brush"]>} */ (brush);
    const { x, y } = toScreen(viewport, at);
    this.#line(() => this.context.arc(x, y, Math.max(1, radius * viewport.scale), 0, 2 * Math.PI), []);
  }

  /** A line that is seen on everything: white on black. @param {() => void} path @param {number[]} dash */
  #line(path, dash) {
    const { context } = this;
    for (const [width, colour, pattern] of /** @type {const} */ ([
      [3, "rgb(0 0 0 / 0.55)", []],
      [1.5, "#fff", dash],
    ])) {
      context.beginPath();
      path();
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.setLineDash([...pattern]);
      context.stroke();
    }
  }
}

/** @param {number} width @param {number} height @returns {Context} */
function surface(width, height) {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  return /** @type {Context} */ (canvas.getContext("2d"));
}

/** What a mask is filled with where it is seen. @param {number} ratio of pixels to those of the style sheet */
function stripes(ratio) {
  const side = Math.max(2, Math.round(2 * STRIPE * ratio));
  const tile = surface(side, side);
  MASK_COLOURS.forEach((colour, index) => {
    tile.fillStyle = colour;
    for (let x = -1; x < 2; x++) {
      const left = (x + index / 2) * side;
      tile.beginPath();
      tile.moveTo(left, side);
      tile.lineTo(left + side / 2, side);
      tile.lineTo(left + 1.5 * side, 0);
      tile.lineTo(left + side, 0);
      tile.fill();
    }
  });
  return /** @type {CanvasPattern} */ (tile.createPattern(tile.canvas, "repeat"));
}

/** A part of a mask as how opaque it is. @param {Raster} mask @param {Rect} rect @returns {ImageData} */
function opacity(mask, rect) {
  const image = new ImageData(rect.right - rect.left, rect.bottom - rect.top);
  const words = new Uint32Array(image.data.buffer);
  let to = 0;
  for (let y = rect.top; y < rect.bottom; y++) {
    for (let x = rect.left; x < rect.right; x++) words[to++] = mask.data[y * mask.width + x] << 24;
  }
  return image;
}

/** The part of the picture that an extension and the old picture cover together. @param {CanvasDocument} document @returns {Rect} */
export function extendedRect({ size, borders }) {
  return {
    left: -borders.left,
    top: -borders.top,
    right: size.width + borders.right,
    bottom: size.height + borders.bottom,
  };
}

/** @param {Borders} borders @returns {Point} */
export function maskOrigin(borders) {
  return { x: -borders.left, y: -borders.top };
}
