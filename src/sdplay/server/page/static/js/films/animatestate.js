/** What is being edited as an animation: its fields as the API has them, with undo; and what one looks at. */
import { api } from "../core/api.js";
import { draft } from "../core/drafts.js";
import { computed, effect, signal } from "../core/html.js";
import { newest } from "../core/newest.js";
import { models } from "../core/store.js";
import { laneOf } from "./lanes.js";
import { blockAt, parsePrompts, promptsText } from "./prompts.js";
import { parseSchedule, scheduleText } from "./schedule.js";
import { Undoable } from "./undoable.js";

/**
 * `shown`: lanes that were opened; `range`: the frames that alone are drawn; `base`: the job that this began with.
 * @typedef {{fields: Record<string, any>, shown: string[], range: [number, number] | null}} Edited
 */
/** What is selected: a key of a lane, or a block of words. @typedef {{lane: string, place: number} | {block: number} | null} Selected */

/** @returns {Edited} */
export function freshAnimation() {
  const fields = {
    animation_prompts: promptsText([{ frame: 0, prompt: "", negative: "" }]),
    animation_mode: "2D",
    max_frames: 96,
    fps: "24",
    zoom: "0:(1.02)",
    angle: "0:(0)",
    strength_schedule: "0:(0.55)",
  };
  return { fields, shown: ["zoom", "angle", "strength_schedule"], range: null };
}

const keptDraft = draft("films.animate", /** @type {any} */ (null));
const edits = new Undoable(/** @type {Edited} */ (keptDraft.peek()?.edited ?? freshAnimation()));
export const edited = edits.now;
export const canUndo = edits.canUndo;
export const canRedo = edits.canRedo;
export const settle = edits.settle;
export const undo = edits.undo;
export const redo = edits.redo;
/** The job whose unchanged frames are taken over, and where audio came from. */
export const base = signal(/** @type {string | null} */ (keptDraft.peek()?.base ?? null));
/** What files are called that were sent. */
export const fileNames = signal(/** @type {Record<string, string>} */ (keptDraft.peek()?.names ?? {}));
export const fields = computed(() => edited.value.fields);
export const mode = computed(() => String(fields.value.animation_mode ?? "2D"));
export const frameCount = computed(() => Math.max(Number(fields.value.max_frames ?? 300), 1));
export const fps = computed(() => rate(fields.value.fps));
export const modelName = computed(() => fields.value.model || models.value.default);
export const selected = signal(/** @type {Selected} */ (null));
export const open = signal(/** @type {string} */ ("zoom"));
export const playhead = signal(0);
/** The block of words that is shown: where somebody went, not where it plays, so that typing never goes elsewhere. */
export const blockShown = signal(0);
export const snapping = signal(true);
export const blocks = computed(() => parsePrompts(String(fields.value.animation_prompts ?? "")) ?? []);

effect(() => {
  keptDraft.value = { edited: edited.value, base: base.value, names: fileNames.value };
});

/** @param {any} text @returns {number} */
function rate(text) {
  const [top = 30, bottom = 1] = String(text ?? "30")
    .split("/")
    .map(Number);
  return top / bottom || 30;
}

/** Change some fields; steps with the same label are undone at once. @param {Record<string, any>} change @param {string} [label] */
export function change(change, label) {
  const now = { ...fields.peek(), ...change };
  for (const [name, value] of Object.entries(change)) if (value === null || value === "") delete now[name];
  edits.write({ ...edited.peek(), fields: now }, label);
}

/** Begin anew with `now`, which can be undone as well. @param {Edited} now @param {string | null} [job] */
export function replaceAll(now, job = null) {
  edits.write(now);
  base.value = job;
  selected.value = null;
  seek(0);
}

/** The animation that a job or a file asks for. @param {Record<string, any>} request @param {string | null} [job] */
export function editRequest(request, job = null) {
  const { mode: _, format: _f, frames: _r, preview: _p, fork: _k, ...asked } = request;
  replaceAll({ fields: { fps: "30", max_frames: 300, ...asked }, shown: ["strength_schedule"], range: null }, job);
}

/** @param {string} name */
export function scheduleOf(name) {
  return String(fields.value[name] ?? laneOf(name).usual);
}

/** The keys of a lane; null where its text cannot be read here. @param {string} name */
export function keysOf(name) {
  return parseSchedule(scheduleOf(name));
}

/** @param {string} name @param {import("./schedule.js").Key[]} keys @param {string} [label] */
export function setKeys(name, keys, label) {
  change({ [name]: scheduleText(keys) }, label);
}

/** @param {import("./prompts.js").Block[]} now @param {string} [label] */
export function setBlocks(now, label) {
  change({ animation_prompts: promptsText(now) }, label);
}

/** @param {string} name */
export function addLane(name) {
  const lane = laneOf(name);
  const asked = fields.peek()[name] === undefined ? { [name]: lane.add } : {};
  edits.write({ ...edited.peek(), fields: { ...fields.peek(), ...asked }, shown: [...edited.peek().shown, name] });
  open.value = name;
}

/** @param {string} name */
export function removeLane(name) {
  const { [name]: _, ...rest } = fields.peek();
  edits.write({ ...edited.peek(), fields: rest, shown: edited.peek().shown.filter((one) => one !== name) });
  if (selected.peek() && "lane" in /** @type {any} */ (selected.peek())) selected.value = null;
}

/** @param {[number, number] | null} range */
export function setRange(range) {
  const ordered = range && /** @type {[number, number]} */ ([Math.min(...range), Math.max(...range)]);
  edits.write({ ...edited.peek(), range: ordered }, "range");
}

/** @param {number} frame */
export function seek(frame) {
  playhead.value = Math.min(Math.max(Math.round(frame), 0), frameCount.peek() - 1);
  blockShown.value = blockAt(blocks.peek(), playhead.peek());
}

/** The job that draws what is edited. @returns {Record<string, any>} */
export function animateRequest() {
  return { mode: "animate", ...fields.value };
}

/** What the service says of the schedules; null until it has. */
export const curves = signal(/** @type {any} */ (null));
export const curvesError = signal(/** @type {unknown} */ (null));
const CURVES = 120; // milliseconds
const curveQuestion = newest(
  CURVES,
  (what, signal) => api.post("curves", what, { signal }),
  (answer, error) => {
    if (answer) curves.value = answer;
    curvesError.value = error;
  },
);

/** Keep `curves` as the schedules are, while the editor is shown. Gives the way to stop. */
export function followCurves() {
  const stop = effect(() => curveQuestion.ask(animateRequest()));
  return () => {
    stop();
    curveQuestion.stop();
  };
}
