/** The tools, and what a touch of the picture with one of them does to a document. */

/** @import { CanvasDocument } from "./document.js" */
/** @import { Brush, Touch } from "./brush.js" */
/** @import { Ink } from "./ink.js" */
/** @import { LayerName } from "./history.js" */
/** @import { Point } from "./rect.js" */
import { coverConnected, sameColour, sameSide, spread } from "./fill.js";
import { corners, coverPolygon } from "./shapes.js";

/** @typedef {"brush" | "eraser" | "lasso" | "rectangle" | "fill" | "hand"} ToolName */

/**
 * @typedef {object} Tool  what is chosen; the brushes of mask and paint have sizes of their own
 * @property {ToolName} name
 * @property {LayerName} layer
 * @property {Brush} mask
 * @property {Brush} paint
 * @property {string} colour  #rrggbb, of paint
 * @property {number} opacity  0 to 1, of paint
 * @property {boolean} byColour  whether the bucket stops at another colour, and not at the edge of the mask
 * @property {number} tolerance  0 to 255
 */

/** @type {{ name: ToolName, icon: string, key: string }[]} */
export const TOOLS = [
  { name: "brush", icon: "brush", key: "b" },
  { name: "eraser", icon: "eraser", key: "e" },
  { name: "lasso", icon: "lasso", key: "l" },
  { name: "rectangle", icon: "rectangle", key: "r" },
  { name: "fill", icon: "fill", key: "f" },
  { name: "hand", icon: "hand", key: "h" },
];

/** @type {Readonly<Tool>} */
export const USUAL_TOOL = Object.freeze({
  name: "brush",
  layer: "mask",
  mask: { size: 40, softness: 0.2 },
  paint: { size: 16, softness: 0.1 },
  colour: "#e4572e",
  opacity: 1,
  byColour: false,
  tolerance: 32,
});

/** What a tool lays on, or takes away. @param {Tool} tool @param {boolean} erase @returns {Ink} */
export function inkOf(tool, erase) {
  return { erase, colour: readColour(tool.colour), opacity: tool.layer === "paint" ? tool.opacity : 1 };
}

/** @param {string} text  #rrggbb @returns {[number, number, number]} */
export function readColour(text) {
  const value = Number.parseInt(text.slice(1), 16) || 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** @param {ArrayLike<number>} rgb @returns {string} #rrggbb */
export function writeColour(rgb) {
  return `#${[0, 1, 2].map((at) => rgb[at].toString(16).padStart(2, "0")).join("")}`;
}

/**
 * A gesture in the making: what has been touched so far.
 * @typedef {{ to: (touch: Touch) => void, end: () => void, giveUp: () => void, outline: () => readonly Point[] }} Gesture
 */

/**
 * Begin what `tool` does at the first touch; a lasso and a rectangle show their `outline` until they end.
 * @param {CanvasDocument} document @param {Tool} tool @param {Touch} touch @param {boolean} erase @returns {Gesture}
 */
export function begin(document, tool, touch, erase) {
  const ink = inkOf(tool, erase || tool.name === "eraser");
  const label = ink.erase ? "erase" : tool.name;
  if (tool.name === "lasso" || tool.name === "rectangle") return beginShape(document, tool, touch, ink, label);
  if (tool.name === "fill") {
    fillAt(document, tool, touch, ink, label);
    return { to: () => {}, end: () => {}, giveUp: () => void document.undo(), outline: () => [] };
  }
  const stroke = document.stroke(tool.layer, ink, label);
  const brush = tool[tool.layer];
  stroke.to(touch, brush);
  return {
    to: (next) => stroke.to(next, brush),
    end: () => stroke.end(),
    giveUp: () => stroke.giveUp(),
    outline: () => [],
  };
}

/**
 * @param {CanvasDocument} document @param {Tool} tool @param {Touch} first @param {Ink} ink @param {string} label
 * @returns {Gesture}
 */
function beginShape(document, tool, first, ink, label) {
  /** @type {Point[]} */
  let points = [first];
  const shape = () => (tool.name === "lasso" ? points : corners(points[0], points[points.length - 1]));
  return {
    to: (touch) => {
      points = tool.name === "lasso" ? [...points, touch] : [first, touch];
    },
    end: () => document.ink(tool.layer, ink, label, (covered) => coverPolygon(covered, shape())),
    giveUp: () => {},
    outline: shape,
  };
}

/** @param {CanvasDocument} document @param {Tool} tool @param {Point} at @param {Ink} ink @param {string} label */
function fillAt(document, tool, at, ink, label) {
  const inside = at.x >= 0 && at.y >= 0 && at.x < document.size.width && at.y < document.size.height;
  if (!inside) return;
  const byColour = tool.layer === "paint" || tool.byColour;
  const isSame = byColour ? sameColour(document.picture, at, tool.tolerance) : sameSide(document.mask, at);
  document.ink(tool.layer, ink, label, (covered) => spread(covered, coverConnected(covered, at, isSame)));
}
