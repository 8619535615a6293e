/** Listens to the service, and keeps the store as it says. */
import { api } from "./api.js";
import { first } from "./first.js";
import { signal } from "./html.js";
import { applyEvent, service, state, withJob, withPicture, withQueue } from "./store.js";

const TYPES = [
  "queued", "started", "step", "picture", "finished", "moved", "paused", "resumed", "forgotten", "changed", "reset",
]; // biome-ignore format: one line is enough
const SOON = 40; // milliseconds: several events that want the same are answered by one request
const LOST = 1500; // milliseconds until a lost connection is worth a word

/** "live"; "lost" while the browser tries again; "stopped" when it has given up. */
export const connection = signal(/** @type {"live" | "lost" | "stopped"} */ ("live"));

/** @type {((event: {type: string, data: Record<string, any>}) => void)[]} */
const listeners = [];

/** Hear every event too, after the store has taken it. Gives the way to stop. @param {(event: {type: string, data: any}) => void} listener */
export function onEvent(listener) {
  listeners.push(listener);
  return () => {
    listeners.splice(listeners.indexOf(listener), 1);
  };
}

/** @type {Set<string>} */
const asked = new Set();

/** Ask for something once, soon. @param {string} name @param {() => Promise<void>} ask */
function soon(name, ask) {
  if (asked.has(name)) return;
  asked.add(name);
  setTimeout(() => {
    asked.delete(name);
    ask().catch(() => {}); // an event, or the next connection, asks again
  }, SOON);
}

/** Read the queue anew. */
export async function refreshQueue() {
  const answer = await api.get("queue?limit=200"); // first: what is known may change meanwhile
  state.value = withQueue(state.value, answer);
}

/** Read everything that events would have told. */
export async function refresh() {
  const [queue, pictures, status] = await Promise.all([
    api.get("queue?limit=200"),
    api.get("pictures?limit=60"),
    api.get("status"),
  ]);
  service.value = status;
  state.value = { ...withQueue({ ...state.value, jobs: new Map() }, queue), pictures: pictures.pictures };
}

/** @param {number} id */
async function fetchPicture(id) {
  const answer = await api.get(`pictures/${id}`);
  state.value = withPicture(state.value, answer);
}

/** @param {string} id */
async function fetchJob(id) {
  const answer = await api.get(`jobs/${id}`);
  state.value = withJob(state.value, answer);
}

/** Hand in a job, which everybody then knows of: events may tell of it before the answer comes. @param {Record<string, any>} request */
export async function handIn(request) {
  const answer = await api.draw(request);
  state.value = withJob(state.value, answer);
  return answer;
}

/** @param {import("./store.js").Told} event */
function take(event) {
  const { state: after, wanted } = applyEvent(state.value, event);
  state.value = after;
  for (const one of wanted) {
    if (one === "queue") soon("queue", refreshQueue);
    else if (one === "all") soon("all", refresh);
    else if ("job" in one) fetchJob(one.job).catch(() => {});
    else fetchPicture(one.picture).catch(() => {});
  }
  for (const listener of listeners) listener(event);
}

/** @type {EventSource | undefined} */
let source;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let losing;

/** Begin to listen, after the last event that the page knows of. */
export function connect() {
  source?.close();
  source = new EventSource(`/api/v1/events?after=${first.queue?.last_event ?? 0}`);
  source.onopen = () => {
    clearTimeout(losing);
    losing = undefined;
    if (connection.value !== "live") soon("all", refresh);
    connection.value = "live";
  };
  source.onerror = () => {
    if (source?.readyState === EventSource.CLOSED) {
      connection.value = "stopped";
      setTimeout(connect, LOST);
    }
    losing ??= setTimeout(() => {
      if (connection.value === "live") connection.value = "lost";
    }, LOST);
  };
  for (const type of TYPES) {
    source.addEventListener(type, (event) => {
      const { data, lastEventId } = /** @type {MessageEvent} */ (event);
      take({ type, data: JSON.parse(data), at: Date.now() / 1000, id: Number(lastEventId) || undefined });
    });
  }
}
