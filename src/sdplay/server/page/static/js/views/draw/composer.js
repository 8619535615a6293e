/** The panel: all that a picture is made of, and the button. */
import { bytes, seconds } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html } from "../../core/html.js";
import { href } from "../../core/router.js";
import { queue } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { Menu } from "../../parts/menu.js";
import { CountField, ModelField, SamplingFields, SeedField, SizeField } from "./basics.js";
import { ControlFold } from "./control.js";
import { explainOpen } from "./explain.js";
import { Fold } from "./fold.js";
import { explanation, isOld, plan, problems, refusal, tokensOf } from "./foresee.js";
import { HiresFold } from "./hires.js";
import { LoraChips, StyleChips } from "./loras.js";
import { MoreFold } from "./more.js";
import { notesOf } from "./notes.js";
import { PromptField } from "./prompt.js";
import { queueIt } from "./queue.js";
import { BEGIN, change, requestOf, settings } from "./settings.js";

export function Composer() {
  const { lora } = settings.value;
  const on = lora.filter((one) => one.on).length;
  return html`<section class="draw-panel" aria-label=${t("draw.panel")}>
    <div class="draw-fields">
      <${Words} />
      <${ModelField} />
      <${SizeField} />
      <${SamplingFields} />
      <${SeedField} />
      <${CountField} />
      <div class="draw-folds">
        <${Fold} name="lora" title="LoRA" about=${on ? t("draw.lora.count", { count: on }) : t("draw.off")}><${LoraChips} /><//>
        <${HiresFold} />
        <${ControlFold} />
        <${MoreFold} />
      </div>
    </div>
    <${Foot} />
  </section>`;
}

function Words() {
  const wrong = problems.value;
  const told = explanation.value;
  const tokens = (/** @type {any} */ part) => {
    if (!told || !part) return null;
    const { count, room, lost } = tokensOf(part, told.chunk_size);
    return html`<span class=${lost ? "draw-tokens draw-tokens-lost" : "draw-tokens"} title=${t("draw.tokens", { count, room })}>${count}/${room}</span>`;
  };
  const aside = html`${tokens(told?.parts[0])}
    <${IconButton} small icon="eye" label=${`${t("draw.explain")} (Alt+E)`} onClick=${() => {
      explainOpen.value = true;
    }} />
    <${Menu} small kind="quiet" label=${t("common.more")} items=${[
      { label: t("draw.clear"), icon: "trash", run: () => change({ prompt: "", negative_prompt: "" }) },
      {
        label: t("draw.reset"),
        icon: "undo",
        run: () => change({ ...BEGIN, prompt: settings.value.prompt, negative_prompt: settings.value.negative_prompt }),
      },
    ]} />`;
  return html`<div class="draw-words">
    <${PromptField} field="prompt" label=${t("fields.prompt")} placeholder=${t("draw.prompt.example")} rows="3" aside=${aside} error=${wrong.prompt} />
    <${PromptField} field="negative_prompt" label=${t("fields.negative_prompt")} placeholder=${t("draw.negative.example")} rows="1"
      aside=${settings.value.negative_prompt ? tokens(told?.negative) : null} error=${wrong.negative_prompt} />
    <${StyleChips} />
    <${Notes} />
  </div>`;
}

/** What the plan has to say of the words, before anything is drawn. */
function Notes() {
  if (!settings.value.prompt.trim()) return null;
  return notesOf(plan.value?.notes ?? []).map(
    (note) => html`<p class="note note-warn" key=${note.text}><${Icon} name="info" size=${18} />
    <span>${note.text}${note.things && html` <a href=${href("models")}>${t("draw.things")}</a>`}</span></p>`,
  );
}

/** The button, and what it will cost. */
function Foot() {
  return html`<footer class="draw-foot">
    <${Costs} />
    <div class="draw-buttons">
      <${Button} kind="primary" icon="draw" class="draw-button" title="Ctrl+Enter" onClick=${() => queueIt()}>${t("draw.button", { count: settings.value.num })}<//>
      <${IconButton} icon="first" kind="plain" label=${`${t("draw.first")} (Ctrl+Shift+Enter)`} onClick=${() => queueIt({ first: true })} />
      <${IconButton} icon="grids" kind="plain" label=${t("grids.from_these")} onClick=${() => sendTo("grids", { request: requestOf(settings.value) })} />
    </div>
  </footer>`;
}

function Costs() {
  const told = plan.value;
  if (refusal.value) {
    const { field, message, hint } = refusal.value;
    return html`<p class="draw-costs draw-costs-wrong" role="status"><${Icon} name="warning" size=${16} /><span>${field && !problems.value[field] ? `${field}: ` : ""}${message}${hint && `. ${hint}`}</span></p>`;
  }
  if (!told) return html`<p class="draw-costs" role="status">${" "}</p>`;
  const { memory } = told;
  const ahead = queue.value.length; // now: the plan is as old as the settings
  const tight = memory && memory.free !== null && memory.bytes > memory.free;
  const room =
    memory?.free != null
      ? t("draw.memory.of", { needed: bytes(memory.bytes), free: bytes(memory.free) })
      : memory
        ? bytes(memory.bytes)
        : t("draw.memory.unknown");
  const time = told.seconds === null ? t("draw.time.unknown") : t("draw.time", { time: seconds(told.seconds) });
  return html`<p class=${`draw-costs ${isOld.value ? "draw-costs-old" : ""} ${tight ? "draw-costs-tight" : ""}`} role="status">
    <span title=${t("draw.time.about")}><${Icon} name="clock" size=${15} />${time}</span>
    <span title=${t("draw.memory.about")}><${Icon} name="memory" size=${15} />${room}</span>
    ${ahead > 0 && html`<span><${Icon} name="queue" size=${15} />${t("draw.waits", { count: ahead })}</span>`}
  </p>`;
}
