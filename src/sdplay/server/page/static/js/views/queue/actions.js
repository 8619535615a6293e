/** What can be done with jobs. */
import { api } from "../../core/api.js";
import { refreshQueue } from "../../core/events.js";
import { signal } from "../../core/html.js";
import { state, waiting } from "../../core/store.js";
import { t } from "../../core/words.js";
import { confirm } from "../../parts/dialog.js";
import { toast, toastError } from "../../parts/toast.js";
import { moves, placed } from "./order.js";

const PAGE = 30;

/** Do something, and say it if it goes wrong. @param {() => Promise<unknown>} act */
async function tried(act) {
  try {
    await act();
  } catch (error) {
    toastError(error);
    refreshQueue().catch(() => {}); // what is shown may be old
  }
}

/** @param {boolean} paused */
export const pause = (paused) => tried(() => api.post(paused ? "queue/pause" : "queue/resume"));
/** @param {string} id */
export const cancel = (id) => tried(() => api.post(`jobs/${id}/cancel`));
/** @param {string} id */
export const retry = (id) => tried(() => api.post(`jobs/${id}/retry`));
/** @param {string} id */
export const forget = (id) => tried(() => api.delete(`jobs/${id}`));

/** Bring a waiting job to another place; it is shown there at once. @param {string} id @param {number} to */
export const move = (id, to) =>
  tried(async () => {
    const order = waiting.value.map((job) => job.id);
    const wanted = moves(order, id, to);
    if (!wanted.length) return;
    const runs = state.value.order.filter((one) => !order.includes(one));
    state.value = {
      ...state.value,
      order: [...runs, ...placed(order, id, Math.min(Math.max(to, 0), order.length - 1))],
    };
    for (const { job, before } of wanted) await api.post(`jobs/${job}/move`, { before });
  });

/** Cancel all that waits. */
export const clearWaiting = () =>
  tried(async () => {
    const jobs = waiting.value;
    const yes = await confirm({
      title: t("queue.clear.title", { count: jobs.length }),
      yes: t("queue.clear"),
      danger: true,
    });
    if (yes) await Promise.all(jobs.map((job) => api.post(`jobs/${job.id}/cancel`)));
  });

/** Jobs that have ended, the newest first, and where the next page begins. */
export const ended = signal(
  /** @type {{jobs: any[], next: string | null, known: boolean}} */ ({ jobs: [], next: null, known: false }),
);

/** Read the ended jobs; with `more` the next page of them. @param {{more?: boolean}} [options] */
export const readEnded = ({ more = false } = {}) =>
  tried(async () => {
    const before = more && ended.value.next ? `&before=${ended.value.next}` : "";
    const limit = more ? PAGE : Math.max(PAGE, ended.value.jobs.length);
    const answer = await api.get(`jobs?state=completed&state=failed&state=cancelled&limit=${limit}${before}`);
    const jobs = before ? [...ended.value.jobs, ...answer.jobs] : answer.jobs;
    ended.value = { jobs, next: answer.next, known: true };
  });

/** Take all ended jobs out of the list; their pictures stay. */
export const clearEnded = () =>
  tried(async () => {
    const yes = await confirm({
      title: t("queue.forget.title"),
      text: t("queue.forget.text"),
      yes: t("queue.forget.all"),
    });
    if (!yes) return;
    for (;;) {
      const { jobs } = await api.get("jobs?state=completed&state=failed&state=cancelled&limit=100");
      if (!jobs.length) break;
      await Promise.all(jobs.map((/** @type {any} */ job) => api.delete(`jobs/${job.id}`)));
    }
    toast(t("queue.forgotten"), { kind: "ok" });
  });
