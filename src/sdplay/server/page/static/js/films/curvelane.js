/** A schedule as a curve whose points are dragged. The lane that is open is high, the others show their shape. */
import { number } from "../core/format.js";
import { html, useRef } from "../core/html.js";
import { toldAtField } from "../core/told.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import {
  curves,
  fields,
  frameCount,
  keysOf,
  open as openLane,
  playhead,
  removeLane,
  seek,
  selected as selection,
  setKeys,
  settle,
} from "./animatestate.js";
import { lanePath, plotted, shownRange, valueHere } from "./plot.js";
import { isPlain, movedKey, valueAt, withNewKey, withoutKey } from "./schedule.js";
import { gridLines } from "./timescale.js";
import { dragging, frameAt, length, pointerX, scale } from "./view.js";

const LOW = 42;
const HIGH = 148;
const ROOM = 9; // pixels above and below, so that points at the ends are whole

/** @typedef {import("./lanes.js").Lane} Lane */

/** @param {{lane: Lane}} props */
export function CurveLane({ lane }) {
  const isOpen = openLane.value === lane.name;
  const height = isOpen ? HIGH : LOW;
  const problem = curves.value?.curves[lane.name]?.problem;
  const here = valueHere(lane.name);
  const open = () => {
    openLane.value = lane.name;
  };
  return html`<div class=${`films-lane films-curve ${isOpen ? "films-lane-open" : ""} ${problem ? "films-lane-wrong" : ""}`} style=${{ "--hue": lane.hue, "--height": `${height}px` }}>
    <div class="films-lane-head">
      <button type="button" class="films-lane-name" aria-expanded=${isOpen} onClick=${open}>
        <span>${t(`films.lane.${lane.name}`)}</span>
        <b>${here === null ? "–" : number(here, 3)}</b>
      </button>
      ${
        isOpen &&
        html`<div class="films-lane-tools">
          <${IconButton} small icon="plus" label=${t("films.key.add", { lane: t(`films.lane.${lane.name}`) })} onClick=${() => addKey(lane.name, playhead.peek())} />
          <${IconButton} small icon="trash" label=${t("films.lane.remove", { lane: t(`films.lane.${lane.name}`) })} onClick=${() => removeLane(lane.name)} />
        </div>`
      }
      ${problem && html`<span class="films-lane-problem" title=${toldAtField(problem)}><${Icon} name="warning" size=${15} /></span>`}
    </div>
    <${Curve} lane=${lane} height=${height} isOpen=${isOpen} open=${open} />
  </div>`;
}

/** Another key at `frame`, with the value that the curve has there. @param {string} name @param {number} frame @param {number} [value] */
export function addKey(name, frame, value) {
  const keys = keysOf(name);
  if (!keys) return;
  const usual = fields.peek().keyframe_interpolation ?? "linear";
  const there = isPlain(keys) ? valueAt(keys, frame, usual) : (valueHere(name, frame) ?? 0);
  const made = withNewKey(keys, { frame, value: rounded(value ?? there), mode: "" });
  setKeys(name, made.keys);
  openLane.value = name;
  selection.value = { lane: name, place: made.place };
}

/** @param {number} value */
export function rounded(value) {
  return Number(value.toPrecision(4));
}

/** @param {{lane: Lane, height: number, isOpen: boolean, open: () => void}} props */
function Curve({ lane, height, isOpen, open }) {
  const frozen = useRef(/** @type {{low: number, high: number} | null} */ (null));
  const keys = keysOf(lane.name);
  const range = frozen.current ?? shownRange(lane.name);
  const inside = height - 2 * ROOM;
  const y = (/** @type {number} */ value) => ROOM + inside * (1 - (value - range.low) / (range.high - range.low || 1));
  const valueFrom = (/** @type {number} */ at) => range.low + (range.high - range.low) * (1 - (at - ROOM) / inside);
  const points = plotted(lane.name);
  const { line, area } = lanePath(points, scale.value, y, height, length.value);
  const add = (/** @type {MouseEvent} */ event) => {
    const svg = /** @type {Element} */ (event.currentTarget);
    const at = svg.getBoundingClientRect();
    addKey(
      lane.name,
      frameAt(pointerX(event, svg), event.altKey),
      clamped(lane.name, valueFrom(event.clientY - at.top)),
    );
  };
  const drag = (/** @type {PointerEvent} */ event, /** @type {number} */ place) => {
    event.stopPropagation();
    selection.value = { lane: lane.name, place };
    open();
    const svg = /** @type {Element} */ (/** @type {Element} */ (event.currentTarget).closest("svg"));
    frozen.current = range;
    const from = { x: event.clientX, y: event.clientY };
    const first = keys?.[place];
    const move = (/** @type {PointerEvent} */ at) => {
      const now = keysOf(lane.name);
      if (!now || !first) return;
      const sideways = !(at.shiftKey && Math.abs(at.clientY - from.y) > Math.abs(at.clientX - from.x));
      const upright = !(at.shiftKey && sideways) && typeof first.value === "number" && isOpen;
      const frame = sideways ? frameAt(pointerX(at, svg), at.altKey) : Number(first.frame);
      const wanted = upright
        ? clamped(lane.name, valueFrom(at.clientY - svg.getBoundingClientRect().top))
        : first.value;
      const value = typeof wanted === "number" ? rounded(wanted) : wanted;
      setKeys(lane.name, movedKey(now, place, frame, value, frameCount.peek() - 1), `drag ${lane.name} ${place}`);
      seek(Number(keysOf(lane.name)?.[place]?.frame ?? 0));
    };
    dragging(event, move, () => {
      frozen.current = null;
      settle();
    });
  };
  return html`<svg class="films-curve-line" width=${length.value} height=${height} role="group" aria-label=${t(`films.lane.${lane.name}`)}
    onDblClick=${isOpen ? add : open} onPointerDown=${() => {
      if (!isOpen) open();
      else selection.value = null;
    }}>
    ${
      isOpen &&
      gridLines(range.low, range.high).map(
        (value) => html`<g key=${value} class="films-grid-line" aria-hidden="true">
        <line x1="0" x2=${length.value} y1=${y(value)} y2=${y(value)} /><text x="6" y=${y(value) - 3}>${number(value, 3)}</text></g>`,
      )
    }
    <path class="films-curve-area" d=${area} /><path class="films-curve-path" d=${line} />
    ${keys?.map((key, place) => html`<${Point} key=${place} lane=${lane} place=${place} at=${key} y=${y} small=${!isOpen} onDrag=${drag} />`)}
  </svg>`;
}

/** A value within what the schedule may be. @param {string} name @param {number} value */
function clamped(name, value) {
  const known = curves.peek()?.curves[name];
  return Math.min(Math.max(value, known?.low ?? -Infinity), known?.high ?? Infinity);
}

/** @param {{lane: Lane, place: number, at: import("./schedule.js").Key, y: (value: number) => number, small: boolean, onDrag: (event: PointerEvent, place: number) => void}} props */
function Point({ lane, place, at, y, small, onDrag }) {
  const told = curves.value?.curves[lane.name]?.keys[place];
  const frame = typeof at.frame === "number" ? at.frame : (told?.frame ?? 0);
  const value = typeof at.value === "number" ? at.value : (valueHere(lane.name, frame) ?? 0);
  const selected =
    selection.value &&
    "lane" in selection.value &&
    selection.value.lane === lane.name &&
    selection.value.place === place;
  const label = t("films.key", {
    lane: t(`films.lane.${lane.name}`),
    frame,
    value: typeof at.value === "number" ? number(at.value, 4) : at.value,
  });
  const select = () => {
    selection.value = { lane: lane.name, place };
    openLane.value = lane.name;
  };
  return html`<g class=${`films-point ${selected ? "films-point-selected" : ""} ${typeof at.value === "number" ? "" : "films-point-computed"}`}
    transform=${`translate(${frame * scale.value} ${y(value)})`} tabindex="0" role="button" aria-label=${label} aria-pressed=${Boolean(selected)}
    onPointerDown=${(/** @type {PointerEvent} */ event) => onDrag(event, place)} onDblClick=${(/** @type {Event} */ event) => event.stopPropagation()}
    onFocus=${select} onKeyDown=${(/** @type {KeyboardEvent} */ event) => pointKey(event, lane, place)}>
    <circle class="films-point-hit" r=${small ? 9 : 14} />
    ${typeof at.value === "number" ? html`<circle class="films-point-dot" r=${small ? 3.5 : 5.5} />` : html`<path class="films-point-dot" d=${small ? "M0-4L4 0 0 4-4 0z" : "M0-7L7 0 0 7-7 0z"} />`}
  </g>`;
}

/** Keys of a point: arrows move it, Delete takes it away. @param {KeyboardEvent} event @param {Lane} lane @param {number} place */
export function pointKey(event, lane, place) {
  const keys = keysOf(lane.name);
  const key = keys?.[place];
  if (!keys || !key || event.ctrlKey || event.altKey || event.metaKey) return;
  const many = event.shiftKey ? 10 : 1;
  const moves = /** @type {Record<string, [number, number]>} */ ({
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
  });
  const step = moves[event.key];
  if (event.key === "Delete" || event.key === "Backspace") {
    setKeys(lane.name, withoutKey(keys, place));
    selection.value = null;
  } else if (step && typeof key.frame === "number") {
    const value =
      typeof key.value === "number" ? rounded(clamped(lane.name, key.value + step[1] * many * lane.step)) : key.value;
    const frame = key.frame + step[0] * many;
    setKeys(lane.name, movedKey(keys, place, frame, value, frameCount.peek() - 1), `keys ${lane.name} ${place}`);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
