/** What the grid would be, told before it is drawn: how many pictures, how long, and what is wrong with which axis. */
import { ApiError, api } from "../core/api.js";
import { computed, effect, signal } from "../core/html.js";
import { newest } from "../films/newest.js";
import { facts, request } from "./draft.js";

const PAUSE = 300; // milliseconds after the last change
const ANYTHING = "-"; // what is planned before there are words

export const plan = signal(/** @type {any} */ (null));
export const refusal = signal(/** @type {ApiError | null} */ (null));
/** Whether something has changed since. */
export const isOld = signal(false);

const OF_AXIS = "grid ";

/** What is wrong, by the field; of an axis by its name in `axes`. */
export const problems = computed(() => {
  const fields = /** @type {Record<string, string>} */ ({});
  const axes = /** @type {Record<string, string[]>} */ ({});
  for (const one of refusal.value?.problems ?? []) {
    const name = one.field ?? "";
    if (name.startsWith(OF_AXIS)) {
      const axis = name.slice(OF_AXIS.length);
      const about = facts.value?.find((known) => known.name === axis)?.about;
      axes[axis] = [...(axes[axis] ?? []), sentenceOf(one.hint === about ? { ...one, hint: "" } : one)];
    } else fields[name] = one.hint ? `${one.message}. ${one.hint}` : one.message;
  }
  return { fields, axes };
});

/** @param {import("../core/api.js").Problem} problem */
function sentenceOf({ value, message, hint }) {
  const said = value ? `${value.replace(/^'(.*)'$/s, "$1")}: ${message}` : message;
  return hint ? `${said}. ${hint}` : said;
}

/** Ask whenever something changes, while the view is shown; gives the way to stop. */
export function foresee() {
  const asking = newest(
    PAUSE,
    (asked, signal) => api.plan(asked, { signal }),
    (answer, error) => {
      isOld.value = false;
      plan.value = answer;
      refusal.value = error instanceof ApiError ? error : null;
    },
  );
  const stop = effect(() => {
    const asked = /** @type {Record<string, any>} */ (request.value);
    if (!facts.value) return;
    isOld.value = true;
    const words = asked.prompt?.trim() || asked.style;
    if (asked.grid.length) asking.ask(words ? asked : { ...asked, prompt: ANYTHING });
    else {
      asking.stop();
      plan.value = null;
      refusal.value = null;
    }
  });
  return () => {
    stop();
    asking.stop();
  };
}
