/** What the queue does, in the header of every view. */
import { number } from "../core/format.js";
import { html } from "../core/html.js";
import { donePart } from "../core/pace.js";
import { paused, queue, running } from "../core/store.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";
import { Ring } from "../parts/progress.js";
import { drawerOpen } from "./drawer.js";

export function QueueChip() {
  const count = queue.value.length;
  const job = running.value[0];
  const words = paused.value
    ? t("queue.chip.paused", { count })
    : count
      ? t("queue.chip", { count })
      : t("queue.chip.empty");
  return html`<button type="button" class=${`shell-chip ${count ? "shell-chip-busy" : ""}`} aria-label=${`${t("views.queue")}: ${words}`} title="Q" onClick=${() => {
    drawerOpen.value = true;
  }}>
    ${paused.value ? html`<${Icon} name="pause" size=${16} />` : job ? html`<${Ring} value=${donePart(job)} total=${job.total} size=${18} />` : html`<${Icon} name="queue" size=${18} />`}
    <span class="shell-chip-words">${words}</span>${count > 0 && html`<span class="shell-chip-count" aria-hidden="true">${number(count)}</span>`}
  </button>`;
}
