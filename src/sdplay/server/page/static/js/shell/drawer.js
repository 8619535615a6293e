/** The queue at the edge of every view. */
import { html, signal } from "../core/html.js";
import { t } from "../core/words.js";
import { Dialog } from "../parts/dialog.js";
import { QueuePanel } from "../views/queue.js";

export const drawerOpen = signal(false);

export function QueueDrawer() {
  return html`<${Dialog} side open=${drawerOpen.value} title=${t("views.queue")} onClose=${() => {
    drawerOpen.value = false;
  }}>${drawerOpen.value && html`<${QueuePanel} />`}<//>`;
}
