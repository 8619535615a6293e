/** What the queue does, in the header of every view. */
import { html } from "../core/html.js";
import { go } from "../core/router.js";
import { paused, queue, running } from "../core/store.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";
import { Ring } from "../parts/progress.js";

/** How far a job is, from 0 to its total of pictures. @param {import("../core/store.js").Job} job */
export function donePart(job) {
  const { step = 0, steps = 0, done } = job.progress ?? {};
  if (done !== undefined) return done;
  return Math.min(job.done + (steps ? step / steps : 0), job.total);
}

export function QueueChip() {
  const count = queue.value.length;
  const job = running.value[0];
  const words = paused.value
    ? t("queue.chip.paused", { count })
    : count
      ? t("queue.chip", { count })
      : t("queue.chip.empty");
  return html`<button type="button" class="shell-chip" aria-label=${`${t("views.queue")}: ${words}`} onClick=${() => go("queue")}>
    ${paused.value ? html`<${Icon} name="pause" size=${16} />` : job ? html`<${Ring} value=${donePart(job)} total=${job.total} size=${18} />` : html`<${Icon} name="queue" size=${18} />`}
    <span>${words}</span>
  </button>`;
}
