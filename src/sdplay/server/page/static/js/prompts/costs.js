/** What a job will cost, or why it is refused, beside the button that hands it in. */
import { bytes, seconds } from "../core/format.js";
import { html } from "../core/html.js";
import { queue } from "../core/store.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";

/** @param {{foresight: import("./foresight.js").Foresight}} props */
export function Costs({ foresight }) {
  const told = foresight.plan.value;
  const refusal = foresight.refusal.value;
  if (refusal) {
    const { field, message, hint } = refusal;
    const named = field && !foresight.problems.value[field.toLowerCase()] ? `${field}: ` : "";
    return html`<p class="prompt-costs prompt-costs-wrong" role="status"><${Icon} name="warning" size=${16} /><span>${named}${message}${hint && `. ${hint}`}</span></p>`;
  }
  if (!told) return html`<p class="prompt-costs" role="status">${" "}</p>`;
  const { memory } = told;
  const ahead = queue.value.length; // now: the plan is as old as the settings
  const tight = memory && memory.free !== null && memory.bytes > memory.free;
  const time = told.seconds === null ? t("draw.time.unknown") : t("draw.time", { time: seconds(told.seconds) });
  return html`<p class=${`prompt-costs ${foresight.isOld.value ? "prompt-costs-old" : ""} ${tight ? "prompt-costs-tight" : ""}`} role="status">
    <span title=${t("draw.time.about")}><${Icon} name="clock" size=${15} />${time}</span>
    <span title=${t("draw.memory.about")}><${Icon} name="memory" size=${15} />${room(memory)}</span>
    ${ahead > 0 && html`<span><${Icon} name="queue" size=${15} />${t("draw.waits", { count: ahead })}</span>`}
  </p>`;
}

/** @param {any} memory of a plan */
function room(memory) {
  if (!memory) return t("draw.memory.unknown");
  if (memory.free === null) return bytes(memory.bytes);
  return t("draw.memory.of", { needed: bytes(memory.bytes), free: bytes(memory.free) });
}
