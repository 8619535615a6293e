/** What the chosen tool is set to: a strip above the stage. */

/** @import { Easel } from "./easel.js" */
import { inverted } from "../../canvas/mask.js";
import { html } from "../../core/html.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Segmented, Switch } from "../../parts/field.js";
import { choose, chooseBrush, stepped } from "./easel.js";

const MOST_SIZE = 400; // on the slider; keys go further
const CURVE = 2; // the slider is finer where brushes are small

/** @param {{ easel: Easel }} props */
export function Options({ easel }) {
  const tool = easel.tool.value;
  const brush = tool[tool.layer];
  const round = tool.name === "brush" || tool.name === "eraser";
  return html`<div class="options">
    ${easel.masks && html`<${LayerChoice} easel=${easel} />`}
    ${
      round &&
      html`<${Amount} label=${t("canvas.size")} value=${Math.round(brush.size)} unit=" px" share=${(Math.min(brush.size, MOST_SIZE) / MOST_SIZE) ** (1 / CURVE)}
        onShare=${(/** @type {number} */ share) => chooseBrush(easel, { size: Math.max(1, Math.round(share ** CURVE * MOST_SIZE)) })} keys="[ ]" />
      <${Amount} label=${t("canvas.softness")} value=${Math.round(brush.softness * 100)} unit=" %" share=${brush.softness}
        onShare=${(/** @type {number} */ share) => chooseBrush(easel, { softness: Math.round(share * 100) / 100 })} keys="{ }" />`
    }
    ${tool.layer === "paint" && tool.name !== "eraser" && tool.name !== "hand" && html`<${Ink} easel=${easel} />`}
    ${tool.name === "fill" && html`<${FillOptions} easel=${easel} />`}
    <span class="spread"></span>
    ${easel.masks && tool.layer === "mask" ? html`<${MaskActions} easel=${easel} />` : html`<${PaintActions} easel=${easel} />`}
  </div>`;
}

/** @param {{ easel: Easel }} props */
function LayerChoice({ easel }) {
  const options = [
    { value: "mask", label: t("canvas.layer.mask") },
    { value: "paint", label: t("canvas.layer.paint") },
  ];
  return html`<${Segmented} class="options-layer" label=${t("canvas.layer")} hideLabel options=${options} value=${easel.tool.value.layer}
    onChange=${(/** @type {"mask" | "paint"} */ layer) => choose(easel, { layer })} />`;
}

/** A number on a short slider. @param {{ label: string, value: number, unit: string, share: number, onShare: (share: number) => void, keys?: string }} props */
function Amount({ label, value, unit, share, onShare, keys }) {
  return html`<label class="amount" title=${keys ? `${label} (${keys})` : label}>
    <span class="amount-label">${label}</span>
    <input type="range" class="slider-range" min="0" max="1" step="any" value=${share} style=${{ "--share": `${share * 100}%` }}
      aria-valuetext=${`${value}${unit}`} onInput=${(/** @type {any} */ event) => onShare(Number(event.currentTarget.value))} />
    <output class="amount-value">${value}${unit}</output>
  </label>`;
}

/** @param {{ easel: Easel }} props */
function Ink({ easel }) {
  const { colour, opacity } = easel.tool.value;
  return html`<label class="ink" title=${t("canvas.colour.about")}><span class="unseen">${t("canvas.colour")}</span>
      <input type="color" value=${colour} onInput=${(/** @type {any} */ event) => choose(easel, { colour: event.currentTarget.value })} /></label>
    <${Amount} label=${t("canvas.opacity")} value=${Math.round(opacity * 100)} unit=" %" share=${opacity}
      onShare=${(/** @type {number} */ share) => choose(easel, { opacity: Math.max(0.01, Math.round(share * 100) / 100) })} />`;
}

/** @param {{ easel: Easel }} props */
function FillOptions({ easel }) {
  const { layer, byColour, tolerance } = easel.tool.value;
  const colours = layer === "paint" || byColour;
  return html`${
    layer === "mask" &&
    html`<${Switch} class="options-switch" label=${t("canvas.by_colour")} value=${byColour}
      onChange=${(/** @type {boolean} */ on) => choose(easel, { byColour: on })} />`
  }
    ${
      colours &&
      html`<${Amount} label=${t("canvas.tolerance")} value=${tolerance} unit="" share=${tolerance / 255}
      onShare=${(/** @type {number} */ share) => choose(easel, { tolerance: Math.round(share * 255) })} />`
    }`;
}

/** @param {{ easel: Easel }} props */
function MaskActions({ easel }) {
  return html`<${IconButton} icon="invert" label=${t("canvas.invert")} title=${`${t("canvas.invert")} (Shift+V)`} onClick=${() => invertMask(easel)} />
    <${IconButton} icon="trash" label=${t("canvas.clear.mask")} title=${`${t("canvas.clear.mask")} (Shift+X)`} onClick=${() => clearLayer(easel)} />`;
}

/** @param {{ easel: Easel }} props */
function PaintActions({ easel }) {
  return html`<${IconButton} icon="trash" label=${t("canvas.clear.paint")} title=${`${t("canvas.clear.paint")} (Shift+X)`} onClick=${() => clearLayer(easel)} />`;
}

/** @param {Easel} easel */
export function invertMask(easel) {
  easel.work.peek()?.reshapeMask("invert", inverted);
  stepped(easel);
}

/** @param {Easel} easel */
export function clearLayer(easel) {
  easel.work.peek()?.clear(easel.tool.peek().layer);
  stepped(easel);
}
