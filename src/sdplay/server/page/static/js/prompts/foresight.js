/** What a job would be, told before anything is drawn: its memory and time, its tokens, and what is wrong with it. */
import { ApiError, api } from "../core/api.js";
import { computed, effect, signal } from "../core/html.js";
import { newest } from "../core/newest.js";
import { toldAtField } from "../core/told.js";

const PAUSE = 300; // milliseconds after the last change
const ANYTHING = "-"; // what is planned before there are words

/** @typedef {Record<string, any>} Request */

/** What the service says of the settings of a view as they were a moment ago. */
export class Foresight {
  /**
   * @param {() => Request | null} request  reads signals; null where there is nothing to plan yet
   * @param {{whole?: (request: Request) => Promise<Request>, explains?: boolean}} [how]  `whole` gives what is sent for
   *   it, with the files that it names; `explains`: what the model reads of it is asked for as well
   */
  constructor(request, { whole = async (asked) => asked, explains = true } = {}) {
    this.request = request;
    this.plan = signal(/** @type {any} */ (null));
    this.explanation = signal(/** @type {any} */ (null));
    this.refusal = signal(/** @type {ApiError | null} */ (null));
    /** Whether the settings have changed since. */
    this.isOld = signal(false);
    /** Wrong fields with what is wrong, for the fields themselves. */
    this.problems = computed(() => problemsOf(this.refusal.value));
    this.question = newest(
      PAUSE,
      async (asked, signal) => foreseen(await whole(asked), explains, signal),
      (answer, error) => this.#told(answer ?? { plan: null, explanation: null, refusal: error }),
    );
  }

  /** Ask whenever the request changes, while the view is shown; gives the way to stop. */
  follow() {
    const stop = effect(() => {
      const asked = this.request();
      this.isOld.value = true;
      if (asked) this.question.ask(asked);
      else {
        this.question.stop();
        this.#told({ plan: null, explanation: null, refusal: null });
      }
    });
    return () => {
      stop();
      this.question.stop();
    };
  }

  /** @param {{plan: any, explanation: any, refusal: unknown}} told */
  #told({ plan, explanation, refusal }) {
    this.isOld.value = false;
    this.plan.value = plan;
    this.explanation.value = explanation;
    this.refusal.value = refusal instanceof ApiError ? refusal : null;
  }
}

/** @param {Request} request @param {boolean} explains @param {AbortSignal} signal */
async function foreseen(request, explains, signal) {
  const words = request.prompt?.trim() || request.style;
  const asked = words ? request : { ...request, prompt: ANYTHING };
  const [planned, explained] = await Promise.allSettled([
    api.plan(asked, { signal }),
    words && explains ? api.explain(asked, { signal }) : Promise.resolve(null),
  ]);
  return {
    plan: planned.status === "fulfilled" ? planned.value : null,
    explanation: explained.status === "fulfilled" ? explained.value : null,
    refusal: planned.status === "rejected" ? planned.reason : null,
  };
}

/** By the fields' names in the API; an error may spell one as people do, LoRA. @param {ApiError | null} refusal */
function problemsOf(refusal) {
  const found = /** @type {Record<string, string>} */ ({});
  for (const one of refusal?.problems ?? []) {
    if (one.field) found[one.field.toLowerCase()] = toldAtField(one);
  }
  return found;
}

/** How many tokens a prompt is, and how many a chunk holds. @param {any} part of an explanation @param {number} size */
export function tokensOf(part, size) {
  const chunks = part?.readings?.[0]?.chunks ?? [];
  const count = chunks.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.tokens, 0);
  return { count, room: Math.max(chunks.length, 1) * size, lost: part?.readings?.[0]?.lost ?? "" };
}
