/** The keys of the canvas. */

import { TOOLS } from "../../canvas/tools.js";
import { EXPLAIN_KEY } from "../../prompts/explain.js";
import { PROMPT_KEYS } from "../../prompts/field.js";
import { choose, fitIn, redo, resizeBrush, softenBrush, undo, zoomBy } from "./easel.js";
import { clearLayer, invertMask } from "./options.js";
import { accept, candidates, draw, leaveRound, look, round } from "./session.js";
import { easel } from "./settings.js";

const ZOOM = 1.25;

/** @returns {import("../../core/keys.js").Key[]} */
export function canvasKeys() {
  const isPicking = () => candidates.peek().length > 0;
  return [
    { keys: "Ctrl+Enter", what: "canvas.keys.draw", run: () => void draw() },
    { keys: "Ctrl+Shift+Enter", what: "canvas.first", run: () => void draw({ first: true }) },
    ...PROMPT_KEYS,
    EXPLAIN_KEY,
    ...easelKeys(easel),
    ...["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].map((keys) => ({ keys, what: "canvas.keys.edge" })),
    { keys: "x", what: "canvas.keys.layer", run: () => switchLayer() },
    { keys: "Shift+v", what: "canvas.invert", run: () => invertMask(easel) },
    { keys: "ArrowRight", what: "canvas.keys.next", run: () => isPicking() && step(1) },
    { keys: "ArrowLeft", what: "canvas.keys.previous", run: () => isPicking() && step(-1) },
    { keys: "Enter", what: "canvas.accept", run: () => isPicking() && void accept() },
    { keys: "Escape", what: "canvas.reject", run: () => isPicking() && leaveRound() },
  ];
}

/** The keys of whatever is painted on. @param {import("./easel.js").Easel} on @returns {import("../../core/keys.js").Key[]} */
export function easelKeys(on) {
  return [
    { keys: "Ctrl+z", what: "canvas.undo", run: () => undo(on) },
    { keys: "Ctrl+Shift+z", what: "canvas.redo", run: () => redo(on) },
    { keys: "Ctrl+y", what: "canvas.redo", run: () => redo(on) },
    ...TOOLS.map(({ name, key }) => ({ keys: key, what: `canvas.tool.${name}`, run: () => choose(on, { name }) })),
    { keys: "[", what: "canvas.keys.smaller", run: () => resizeBrush(on, -1) },
    { keys: "]", what: "canvas.keys.larger", run: () => resizeBrush(on, 1) },
    { keys: "{", what: "canvas.keys.harder", run: () => softenBrush(on, -1) },
    { keys: "}", what: "canvas.keys.softer", run: () => softenBrush(on, 1) },
    { keys: "Shift+x", what: "canvas.keys.clear", run: () => clearLayer(on) },
    { keys: "Space", what: "canvas.keys.pan" },
    { keys: "0", what: "canvas.zoom.fit", run: () => fitIn(on) },
    { keys: "+", what: "canvas.zoom.in", run: () => zoomBy(on, ZOOM) },
    { keys: "-", what: "canvas.zoom.out", run: () => zoomBy(on, 1 / ZOOM) },
  ];
}

/** @param {number} by */
function step(by) {
  const count = candidates.peek().length;
  look((Math.max(round.peek().chosen, 0) + by + count) % count);
}

function switchLayer() {
  const { layer } = easel.tool.peek();
  choose(easel, { layer: layer === "mask" ? "paint" : "mask" });
}
