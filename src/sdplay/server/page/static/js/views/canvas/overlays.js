/** What lies over the stage: handles at the edges that extend the picture, and the line that compares. */

/** @import { Easel } from "./easel.js" */
import { extendedRect } from "../../canvas/painter.js";
import { room, snapped } from "../../canvas/request.js";
import { toPicture, toScreen } from "../../canvas/viewport.js";
import { percent } from "../../core/format.js";
import { html, useRef, useState } from "../../core/html.js";
import { capabilities } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { stepped } from "./easel.js";

const SIDES = /** @type {const} */ (["left", "top", "right", "bottom"]);
const OUTWARDS = { left: -1, top: -1, right: 1, bottom: 1 };
const STEP = 8; // pixels, at a key
const LARGE_STEP = 64;
const NUDGE = 0.05; // of the width, at a key

/** A handle at each edge. @param {{ easel: Easel }} props */
export function EdgeHandles({ easel }) {
  const document = easel.work.value;
  void easel.steps.value;
  if (document === null || easel.shown.value !== null) return null;
  return SIDES.map((side) => html`<${EdgeHandle} key=${side} easel=${easel} side=${side} />`);
}

/** @param {{ easel: Easel, side: (typeof SIDES)[number] }} props */
function EdgeHandle({ easel, side }) {
  const [dragged, setDragged] = useState(/** @type {number | null} */ (null));
  const from = useRef(0);
  const document = /** @type {NonNullable<typeof easel.work.value>} */ (easel.work.value);
  const most = room(document.size, document.borders, side, capabilities.value.limits.side ?? 4096);
  const across = side === "left" || side === "right";
  const pixels = dragged ?? document.borders[side];
  const set = (/** @type {number} */ next) => {
    document.extend({ ...document.borders, [side]: snapped(next, most) });
    stepped(easel);
  };
  const moved = (/** @type {PointerEvent} */ event) => {
    const by = ((across ? event.clientX : event.clientY) - from.current) / easel.viewport.peek().scale;
    return snapped(document.borders[side] + by * OUTWARDS[side], most);
  };
  const drag = {
    onPointerDown: (/** @type {PointerEvent} */ event) => {
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      from.current = across ? event.clientX : event.clientY;
      setDragged(document.borders[side]);
    },
    onPointerMove: (/** @type {PointerEvent} */ event) => dragged !== null && setDragged(moved(event)),
    onPointerUp: (/** @type {PointerEvent} */ event) => {
      if (dragged !== null) set(moved(event));
      setDragged(null);
    },
    onPointerCancel: () => setDragged(null),
    onKeyDown: (/** @type {KeyboardEvent} */ event) => {
      const step = (event.shiftKey ? LARGE_STEP : STEP) * OUTWARDS[side];
      const by = { ArrowLeft: -step, ArrowUp: -step, ArrowRight: step, ArrowDown: step }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      set(document.borders[side] + by);
    },
  };
  const label = t(`canvas.extend.${side}`);
  const all = { ...extendedRect(document) };
  all[side] += (pixels - document.borders[side]) * OUTWARDS[side];
  const middle = { x: (all.left + all.right) / 2, y: (all.top + all.bottom) / 2 };
  const at = toScreen(easel.viewport.value, across ? { ...middle, x: all[side] } : { ...middle, y: all[side] });
  return html`<button type="button" class=${`edge edge-${side} ${dragged !== null ? "edge-dragged" : ""}`} role="slider" title=${label}
      aria-label=${label} aria-valuenow=${pixels} aria-valuemin="0" aria-valuemax=${most} aria-valuetext=${t("canvas.pixels", { count: pixels })}
      style=${{ transform: `translate(${at.x}px, ${at.y}px)` }} ...${drag}>
      <span class="edge-grip"><${Icon} name=${{ left: "left", top: "up", right: "right", bottom: "down" }[side]} size=${14} /></span>
      ${pixels > 0 && html`<span class="edge-pixels">+${pixels}</span>`}
    </button>
    ${dragged !== null && html`<${Ghost} easel=${easel} rect=${all} />`}`;
}

/** Where the picture will end. @param {{ easel: Easel, rect: import("../../canvas/rect.js").Rect }} props */
function Ghost({ easel, rect }) {
  const from = toScreen(easel.viewport.value, { x: rect.left, y: rect.top });
  const to = toScreen(easel.viewport.value, { x: rect.right, y: rect.bottom });
  return html`<div class="edge-ghost" style=${{ left: `${from.x}px`, top: `${from.y}px`, width: `${to.x - from.x}px`, height: `${to.y - from.y}px` }}></div>`;
}

/** The line between what was and what came of it. @param {{ easel: Easel }} props */
export function CompareSlider({ easel }) {
  const dragging = useRef(false);
  const document = easel.work.value;
  const shown = easel.shown.value;
  if (document === null || shown === null) return null;
  const rect = extendedRect(document);
  const width = rect.right - rect.left;
  const set = (/** @type {number} */ compare) => {
    easel.shown.value = { ...shown, compare: Math.min(1, Math.max(0, compare)) };
  };
  const under = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).parentElement?.getBoundingClientRect();
    const at = toPicture(easel.viewport.peek(), { x: event.clientX - (box?.left ?? 0), y: 0 });
    set((at.x - rect.left) / width);
  };
  const top = toScreen(easel.viewport.value, { x: rect.left + width * shown.compare, y: rect.top });
  const bottom = toScreen(easel.viewport.value, { x: 0, y: rect.bottom });
  const share = Math.round(shown.compare * 100);
  return html`<div class="compare" role="slider" tabindex="0" aria-label=${t("canvas.compare")} aria-orientation="horizontal"
    aria-valuenow=${share} aria-valuemin="0" aria-valuemax="100" aria-valuetext=${t("canvas.compare.at", { share: percent(shown.compare) })}
    style=${{ transform: `translate(${top.x}px, ${top.y}px)`, height: `${bottom.y - top.y}px` }}
    onPointerDown=${(/** @type {PointerEvent} */ event) => {
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      dragging.current = true;
    }}
    onPointerMove=${(/** @type {PointerEvent} */ event) => dragging.current && under(event)}
    onPointerUp=${() => {
      dragging.current = false;
    }}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      const by = { ArrowLeft: -NUDGE, ArrowRight: NUDGE, Home: -1, End: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      set(shown.compare + by);
    }}><span class="compare-grip"><${Icon} name="compare" size=${18} /></span>
    <span class="compare-name compare-before">${t("canvas.before")}</span><span class="compare-name compare-after">${t("canvas.after")}</span>
  </div>`;
}
