/** From what is edited to a job: told before how long it takes, drawn as a draft or as it is, whole or a part of it. */
import { api } from "../core/api.js";
import { handIn } from "../core/events.js";
import { effect, signal } from "../core/html.js";
import { newest } from "./newest.js";

const DELAY = 450; // milliseconds

/** What a film would be, kept for one editor: `{plan, draft, error}`. */
export class Outlook {
  /** @param {() => Record<string, any> | null} request reads signals; null where there is nothing to plan yet */
  constructor(request) {
    this.request = request;
    this.plan = signal(/** @type {any} */ (null));
    this.draft = signal(/** @type {any} */ (null));
    this.error = signal(/** @type {any} */ (null));
    this.question = newest(DELAY, planned, (answer, error) => {
      this.error.value = error;
      this.plan.value = answer?.plan ?? null;
      this.draft.value = answer?.draft ?? null;
    });
  }

  /** Keep them as the request is. Gives the way to stop. */
  follow() {
    const stop = effect(() => {
      const request = this.request();
      if (request) this.question.ask(request);
      else {
        this.question.stop();
        this.plan.value = null;
        this.error.value = null;
      }
    });
    return () => {
      stop();
      this.question.stop();
    };
  }
}

/** @param {Record<string, any>} request @param {AbortSignal} signal */
async function planned(request, signal) {
  const plan = await api.post("plan", request, { signal });
  const draft = await api.post("draft", request, { signal });
  return { plan, draft };
}

/**
 * Hand in a film. @param {Record<string, any>} request
 * @param {{changes?: Record<string, any>, range?: [number, number] | null, base?: string | null, priority?: number}} [how]
 * `changes` are those of a draft, `base` the film whose unchanged frames are taken over, if it is still there.
 */
export async function drawFilm(request, { changes = {}, range = null, base = null, priority } = {}) {
  const whole = { ...request, ...changes };
  const asked = range ? { ...whole, frames: `${range[0]}-${range[1]}` } : whole;
  const job = priority ? { ...asked, priority } : asked;
  if (!base || Object.keys(changes).length) return handIn(job);
  try {
    return await handIn({ ...job, fork: base });
  } catch (error) {
    if (/** @type {any} */ (error).field !== "fork") throw error;
    return handIn(job); // that film is gone: all of it is drawn
  }
}
