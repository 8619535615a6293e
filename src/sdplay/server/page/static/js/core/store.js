/** What the page knows of the service. Events change it (`events.js`), views read it. */

import { first } from "./first.js";
import { computed, signal } from "./html.js";

/**
 * A job as the page knows it: the API's answer, and what is told while it runs.
 * @typedef {{id: string, mode: string, state: string, total: number, done: number, priority: number, warnings: import("../api-types.d.ts").Note[],
 *   created: number, error: any, progress?: Progress | null, preview?: string, pictures?: number[],
 *   [more: string]: any}} Job
 */
/** @typedef {{step?: number, steps?: number, done?: number, total?: number, seconds_left?: number, indices?: number[]}} Progress */
/** What happened, and when this page heard of it, in seconds since 1970. @typedef {{type: string, data: Record<string, any>, at?: number, id?: number}} Told */
/**
 * @typedef {{jobs: Map<string, Job>, order: string[], paused: boolean, pictures: any[],
 *   ended: Set<string>, pausedAt: number}} State
 * `order`: those that run, then those that wait. `pictures`: the newest first. `ended` are jobs whose end was told, and
 * `pausedAt` is the last event that said whether it is paused: an answer that was on its way meanwhile may be older.
 */
/** What has to be asked for after an event: the queue, everything, a picture, a job. @typedef {"queue" | "all" | {picture: number} | {job: string}} Wanted */

const MOST_PICTURES = 300;
const LIVE = new Set(["queued", "running"]);

/** @type {State} */
const begin = {
  jobs: new Map(),
  order: [],
  paused: false,
  pictures: first.pictures?.pictures ?? [],
  ended: new Set(),
  pausedAt: 0,
};
export const state = signal(first.queue ? withQueue(begin, first.queue) : begin);

export const jobs = computed(() => state.value.jobs);
/** The ids of the queue: those that run, then those that wait. */
export const queue = computed(() => state.value.order);
export const paused = computed(() => state.value.paused);
/** The newest pictures, the newest first. */
export const recent = computed(() => state.value.pictures);
export const running = computed(() => inState(state.value, "running"));
export const waiting = computed(() => inState(state.value, "queued"));

/** The service itself: version, uptime, whether its model is loaded. */
export const service = signal(first.status ?? {});
export const capabilities = signal(
  first.capabilities ?? { modes: {}, formats: {}, limits: {}, version: "", workers: 1 },
);
export const models = signal(
  first.models ?? { default: "builtin", models: [], loras: [], vae: [], embeddings: [], controlnet: [] },
);
export const samplers = signal(first.samplers?.samplers ?? []);
export const schedules = signal(first.schedules?.schedules ?? []);
export const upscalers = signal(first.upscalers ?? { default: "", upscalers: [] });

/** @param {State} now @param {string} name @returns {Job[]} */
function inState(now, name) {
  return now.order.flatMap((id) => {
    const job = now.jobs.get(id);
    return job?.state === name ? [job] : [];
  });
}

/** `before` with the answer of the queue in it. @param {State} before @param {any} answer @returns {State} */
export function withQueue(before, answer) {
  const known = new Map(before.jobs);
  const live = answer.jobs.filter((/** @type {Job} */ job) => !before.ended.has(job.id));
  for (const job of live) known.set(job.id, { ...known.get(job.id), ...job });
  const paused = (answer.last_event ?? Number.POSITIVE_INFINITY) >= before.pausedAt ? answer.paused : before.paused;
  return { ...before, jobs: known, order: live.map((/** @type {Job} */ job) => job.id), paused };
}

/** `before` with one job as the API tells of it. @param {State} before @param {any} answer @returns {State} */
export function withJob(before, answer) {
  if (before.ended.has(answer.id) && LIVE.has(answer.state)) return before; // older than what was told: its end
  const known = before.jobs.get(answer.id);
  const pictures = answer.pictures?.map((/** @type {any} */ one) => one.id) ?? known?.pictures ?? [];
  const job = { ...known, ...answer, pictures, progress: answer.progress ?? known?.progress ?? null };
  const isNew = LIVE.has(job.state) && !before.order.includes(job.id);
  const order = isNew ? [...before.order, job.id] : before.order;
  return { ...before, jobs: new Map(before.jobs).set(job.id, job), order };
}

/** `before` with a picture in its place. @param {State} before @param {any} picture @returns {State} */
export function withPicture(before, picture) {
  const others = before.pictures.filter((one) => one.id !== picture.id);
  const pictures = [picture, ...others].sort((a, b) => b.id - a.id).slice(0, MOST_PICTURES);
  const job = before.jobs.get(picture.job);
  const after = { ...before, pictures };
  return job?.preview && job.pictures?.at(-1) === picture.id ? changed(after, job.id, { preview: undefined }) : after;
}

/**
 * What an event makes of `before`, and what has to be asked for after it.
 * @param {State} before @param {Told} event @returns {{state: State, wanted: Wanted[]}}
 */
export function applyEvent(before, event) {
  const id = event.data.job;
  const known = before.jobs.get(id);
  switch (event.type) {
    case "reset":
      return { state: before, wanted: ["all"] };
    case "paused":
    case "resumed":
      return {
        state: { ...before, paused: event.type === "paused", pausedAt: event.id ?? before.pausedAt },
        wanted: [],
      };
    case "queued":
      return { state: { ...before, ended: without(before.ended, id) }, wanted: ["queue"] };
    case "moved":
      return { state: before, wanted: ["queue"] };
    case "started":
      return known
        ? { state: changed(before, id, { state: "running", preview: undefined, begun: event.at }), wanted: [] }
        : { state: before, wanted: ["queue"] };
    case "step": {
      const { preview, job: _, ...progress } = event.data;
      const fields = { state: "running", progress, ...(preview ? { preview } : {}) };
      return { state: known ? changed(before, id, fields) : before, wanted: known ? [] : ["queue"] };
    }
    case "picture": {
      const pictures = [...(known?.pictures ?? []).filter((one) => one !== event.data.picture), event.data.picture];
      const done = Math.min(Math.max(known?.done ?? 0, pictures.length), known?.total ?? 0); // a sheet is one more
      const after = known ? changed(before, id, { pictures, done }) : before;
      return { state: after, wanted: [{ picture: event.data.picture }] };
    }
    case "finished":
      return { state: ended(before, id, event.data), wanted: lacksPictures(known, event.data) ? [{ job: id }] : [] };
    case "forgotten":
      return { state: forgotten(before, event.data), wanted: [] };
    default:
      return { state: before, wanted: [] };
  }
}

/** @param {State} before @param {string} id @param {Partial<Job>} fields @returns {State} */
function changed(before, id, fields) {
  const job = /** @type {Job} */ (before.jobs.get(id));
  return { ...before, jobs: new Map(before.jobs).set(id, { ...job, ...fields }) };
}

/** Whether more came of a job that ends now than is known: it may have drawn before anybody knew of it. @param {Job | undefined} known @param {Record<string, any>} data */
function lacksPictures(known, data) {
  return !known || (data.state === "completed" && (known.pictures?.length ?? 0) < known.total);
}

/** @param {Set<string>} ids @param {string} id */
function without(ids, id) {
  return ids.has(id) ? new Set([...ids].filter((one) => one !== id)) : ids;
}

/** @param {State} before @param {string} id @param {Record<string, any>} data @returns {State} */
function ended(before, id, data) {
  const order = before.order.filter((one) => one !== id);
  const after = { ...before, order, ended: new Set(before.ended).add(id) };
  if (!before.jobs.has(id)) return after;
  return changed(after, id, { state: data.state, error: data.error ?? null, progress: null });
}

/** @param {State} before @param {Record<string, any>} data @returns {State} */
function forgotten(before, data) {
  if (data.picture) return { ...before, pictures: before.pictures.filter((one) => one.id !== data.picture) };
  const known = new Map(before.jobs);
  known.delete(data.job);
  return {
    ...before,
    jobs: known,
    ended: without(before.ended, data.job),
    order: before.order.filter((one) => one !== data.job),
  };
}
