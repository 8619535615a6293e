/** What a job would be, told before anything is drawn: its memory and time, its tokens, and what is wrong with it. */
import { ApiError, api } from "../../core/api.js";
import { computed, effect, signal } from "../../core/html.js";
import { models } from "../../core/store.js";
import { requestOf, settings } from "./settings.js";

const PAUSE = 300; // milliseconds after the last change
const ANYTHING = "-"; // what is planned before there are words

/** What the server says of the settings as they were a moment ago. */
export const plan = signal(/** @type {any} */ (null));
export const explanation = signal(/** @type {any} */ (null));
export const refusal = signal(/** @type {ApiError | null} */ (null));
/** Whether the settings have changed since. */
export const isOld = signal(false);

export const request = computed(() => requestOf(settings.value));
/** The model that is meant, and what is known of it. */
export const model = computed(() => settings.value.model || models.value.default);
export const facts = computed(
  () => models.value.models.find((/** @type {any} */ one) => one.name === model.value) ?? {},
);

/** Wrong fields with what is wrong, for the fields themselves. */
export const problems = computed(() => {
  const found = /** @type {Record<string, string>} */ ({});
  for (const one of refusal.value?.problems ?? []) {
    if (one.field) found[one.field] = one.hint ? `${one.message}. ${one.hint}` : one.message;
  }
  return found;
});

/** Ask whenever the settings change, while the view is shown; gives the way to stop. */
export function foresee() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | undefined} */
  let asking;
  const stop = effect(() => {
    const asked = request.value;
    clearTimeout(timer);
    asking?.abort();
    isOld.value = true;
    timer = setTimeout(() => {
      asking = new AbortController();
      ask(asked, asking.signal);
    }, PAUSE);
  });
  return () => {
    stop();
    clearTimeout(timer);
    asking?.abort();
  };
}

/** @param {Record<string, any>} asked @param {AbortSignal} signal */
async function ask(asked, signal) {
  const words = asked.prompt.trim() || asked.style;
  const whole = words ? asked : { ...asked, prompt: ANYTHING };
  const [planned, explained] = await Promise.allSettled([
    api.plan(whole, { signal }),
    words ? api.explain(whole, { signal }) : Promise.resolve(null),
  ]);
  if (signal.aborted) return;
  isOld.value = false;
  plan.value = planned.status === "fulfilled" ? planned.value : null;
  explanation.value = explained.status === "fulfilled" ? explained.value : null;
  refusal.value = planned.status === "rejected" && planned.reason instanceof ApiError ? planned.reason : null;
}

/** How many tokens a prompt is, and how many a chunk holds. @param {any} part of an explanation @param {number} size */
export function tokensOf(part, size) {
  const chunks = part?.readings?.[0]?.chunks ?? [];
  const count = chunks.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.tokens, 0);
  return { count, room: Math.max(chunks.length, 1) * size, lost: part?.readings?.[0]?.lost ?? "" };
}
