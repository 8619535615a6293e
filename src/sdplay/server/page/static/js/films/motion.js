/** The moves of the camera as small pictures that play: asked for anew whenever something that moves is changed. */
import { ApiError, address } from "../core/api.js";
import { computed, effect, signal } from "../core/html.js";
import { newest } from "../core/newest.js";
import { fields, fps, frameCount, mode, playhead } from "./animatestate.js";
import { isLane, laneOf } from "./lanes.js";
import { FrameReader, frameAfter } from "./motionstream.js";

const DELAY = 140; // milliseconds after the last change
const SIDE = 256;
const MOST = 1200; // frames that are asked for at once
const VIEWER = Math.random().toString(36).slice(2);
/** Fields beside the lanes that a move depends on. */
const OF_MOVES = new Set([
  "max_frames", "fps", "width", "height", "diffusion_cadence", "loop_mode", "audio", "audio_start", "animation_mode",
  "warp", "warp_geometry", "border", "padding_mode", "sampling_mode", "near_plane", "far_plane", "fov",
  "use_depth_warping", "keyframe_interpolation", "strength_schedule", "init_image",
]); // biome-ignore format: a list

/** The pictures by their frames. */
export const frames = signal(/** @type {Map<number, Blob>} */ (new Map()));
export const problem = signal(/** @type {ApiError | null} */ (null));
export const busy = signal(false);
export const playing = signal(false);
/** What is moved in place of the test card: a picture's number, an upload's id. */
export const shownPicture = signal(/** @type {number | string | null} */ (null));

/** What is to be moved; the same text for the same moves. */
export const wanted = computed(() => {
  const lanes = Object.entries(fields.value).filter(
    ([name]) => OF_MOVES.has(name) || (isLane(name) && laneOf(name).hue === laneOf("zoom").hue),
  );
  return JSON.stringify({ request: Object.fromEntries(lanes), picture: shownPicture.value });
});

/** @param {string} text @param {AbortSignal} signal */
async function load(text, signal) {
  if (mode.peek() === "Video Input") return;
  const what = JSON.parse(text);
  const total = frameCount.peek();
  const start = Math.min(playhead.peek(), total - 1);
  const fresh = new Map();
  busy.value = true;
  try {
    await stream({ ...what, first: start, last: Math.min(start + MOST, total) - 1 }, fresh, signal);
    if (start > 0) await stream({ ...what, first: Math.max(start - MOST, 0), last: start - 1 }, fresh, signal);
  } finally {
    if (!signal.aborted) busy.value = false;
  }
}

/** @param {Record<string, any>} what @param {Map<number, Blob>} fresh @param {AbortSignal} signal */
async function stream(what, fresh, signal) {
  const body = JSON.stringify({ ...what, side: SIDE, viewer: VIEWER });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(address("motion"), { method: "POST", body, headers, signal });
  if (!answer.ok || !answer.body) throw new ApiError(answer.status, (await answer.json())?.error ?? {});
  problem.value = null;
  const reader = new FrameReader();
  const pieces = answer.body.getReader();
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) return;
    for (const { index, jpeg } of reader.add(value)) fresh.set(index, new Blob([jpeg], { type: "image/jpeg" }));
    frames.value = new Map(fresh);
  }
}

let warm = false;

/** Let the process that moves pictures begin, before anybody waits for it. */
export function warmUp() {
  if (warm) return;
  warm = true;
  const body = JSON.stringify({ request: { max_frames: 1 }, side: 32, viewer: `${VIEWER} first` });
  fetch(address("motion"), { method: "POST", body, headers: { "Content-Type": "application/json" } }).catch(() => {});
}

const question = newest(DELAY, load, (_, error) => {
  if (error instanceof ApiError) problem.value = error;
});

/** Keep the pictures as the moves are, while the editor is shown. Gives the way to stop. */
export function followMotion() {
  const stop = effect(() => question.ask(wanted.value));
  const stopPlaying = effect(() => {
    if (playing.value) requestAnimationFrame(play);
  });
  return () => {
    stop();
    stopPlaying();
    question.stop();
    playing.value = false;
  };
}

/** @type {{at: number, frame: number} | null} */
let clock = null;

/** Show the frame whose time has come, if it is there yet. @param {number} now milliseconds */
function play(now) {
  if (!playing.peek()) {
    clock = null;
    return;
  }
  clock ??= { at: now, frame: playhead.peek() };
  const frame = frameAfter(clock.frame, (now - clock.at) / 1000, fps.peek(), frameCount.peek());
  if (frames.peek().has(frame)) playhead.value = frame;
  else {
    if (!busy.peek() && frames.peek().size) playhead.value = Math.min(...frames.peek().keys()); // no more will come
    clock = null;
  }
  requestAnimationFrame(play);
}

/** The playhead was put elsewhere: playing goes on from there. */
export function restartClock() {
  clock = null;
}
