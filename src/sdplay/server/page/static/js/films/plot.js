/** From a schedule to points that can be drawn: computed here where all of it is numbers, else as the service says. */
import { curves, fields, frameCount, keysOf, playhead } from "./animatestate.js";
import { laneOf } from "./lanes.js";
import { isPlain, parseSchedule, valueAt } from "./schedule.js";
import { valueRange } from "./timescale.js";

const MOST = 700; // points of a curve that is computed here

/** @typedef {[number, number | null]} Plotted a frame and its value, null where there is none */

/** @returns {string} the way between keys that name none */
function usual() {
  return fields.value.keyframe_interpolation ?? "linear";
}

/** The curve of a lane. @param {string} name @returns {Plotted[]} */
export function plotted(name) {
  const keys = keysOf(name);
  const last = frameCount.value - 1;
  if (keys && isPlain(keys)) {
    const every = Math.max(Math.ceil(last / MOST), 1);
    const found = /** @type {Plotted[]} */ ([]);
    for (let frame = 0; frame < last; frame += every) found.push([frame, valueAt(keys, frame, usual())]);
    for (const key of keys)
      if (Number(key.frame) < last) found.push([Number(key.frame), valueAt(keys, Number(key.frame), usual())]);
    found.push([last, valueAt(keys, last, usual())]);
    return found.sort((a, b) => a[0] - b[0]);
  }
  const told = curves.value?.curves[name]?.values ?? [];
  const every = curves.value?.every ?? 1;
  if (told.length === 1)
    return [
      [0, told[0]],
      [last, told[0]],
    ];
  return told.map((/** @type {number | null} */ value, /** @type {number} */ at) => [at * every, value]);
}

/** The value of a lane at a frame, at the playhead if none is named; null where it is not known. @param {string} name @param {number} [frame] @returns {number | null} */
export function valueHere(name, frame = playhead.value) {
  const keys = keysOf(name);
  if (keys && isPlain(keys)) return valueAt(keys, frame, usual());
  const told = curves.value?.curves[name]?.values ?? [];
  return (told.length === 1 ? told[0] : told[Math.round(frame / (curves.value?.every ?? 1))]) ?? null;
}

/** What a lane shows from its lower edge to its upper one. @param {string} name */
export function shownRange(name) {
  const values = plotted(name).flatMap(([, value]) => (value === null ? [] : [value]));
  const standing = Number(parseSchedule(laneOf(name).usual)?.[0]?.value ?? 0);
  const told = curves.value?.curves[name];
  return valueRange([...values, standing], told?.low ?? null, told?.high ?? null);
}

/**
 * The path of a curve and of what is below it. @param {Plotted[]} points @param {number} scale @param {(value: number) => number} y
 * @param {number} height @param {number} length
 */
export function lanePath(points, scale, y, height, length) {
  let line = "";
  let area = "";
  let open = false;
  let last = 0;
  for (const [frame, value] of points) {
    if (value === null) {
      if (open) area += `V${height}Z`;
      open = false;
      continue;
    }
    const x = (frame * scale).toFixed(1);
    const at = y(value).toFixed(1);
    line += `${open ? "L" : "M"}${x} ${at}`;
    area += open ? `L${x} ${at}` : `M${x} ${height}V${at}`;
    open = true;
    last = Number(at);
  }
  if (open) {
    line += `H${length}`;
    area += `H${length}V${height}Z`;
  }
  return { line, area, last };
}
