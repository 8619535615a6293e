/** Handing in what the Draw view says. Nothing ever waits for a picture: the next one can be asked for at once. */
import { ApiError } from "../../core/api.js";
import { handIn } from "../../core/events.js";
import { signal } from "../../core/html.js";
import { waiting } from "../../core/store.js";
import { t } from "../../core/words.js";
import { toast, toastError } from "../../parts/toast.js";
import { refusal } from "./foresee.js";
import { remember } from "./history.js";
import { requestOf, settings } from "./settings.js";
import { follow } from "./shown.js";

/** How many requests are on their way to the server. */
export const sending = signal(0);

/** A priority before all that wait. @param {{priority: number}[]} jobs */
export function before(jobs) {
  return Math.max(0, ...jobs.map((job) => job.priority)) + 1;
}

/** Hand in the settings as they are; with `first` before everything that waits. @param {{first?: boolean}} [options] */
export async function queueIt({ first = false } = {}) {
  const now = settings.value;
  if (!now.prompt.trim() && !now.style.length) {
    document.getElementById("draw-prompt")?.focus();
    toast(t("draw.nothing"));
    return;
  }
  remember({ prompt: now.prompt, negative_prompt: now.negative_prompt });
  await hand({ ...requestOf(now), ...(first ? { priority: before(waiting.value) } : {}) });
}

/** Hand in any request, and follow it on the stage. @param {Record<string, any>} request */
export async function hand(request) {
  sending.value += 1;
  try {
    await handIn(request);
    follow();
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) refusal.value = error;
    toastError(error);
  } finally {
    sending.value -= 1;
  }
}
