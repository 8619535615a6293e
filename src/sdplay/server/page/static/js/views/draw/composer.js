/** The panel: all that a picture is made of, and the button. */
import { sendTo } from "../../core/handoff.js";
import { html } from "../../core/html.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Menu } from "../../parts/menu.js";
import { Costs } from "../../prompts/costs.js";
import { StyleChips } from "../../prompts/styles.js";
import { PromptWords } from "../../prompts/words.js";
import { CountField, ModelField, SamplingFields, SeedField, SizeField } from "./basics.js";
import { ControlFold } from "./control.js";
import { Fold } from "./fold.js";
import { foresight, model, problems } from "./foresee.js";
import { HiresFold } from "./hires.js";
import { LoraChips } from "./loras.js";
import { MoreFold } from "./more.js";
import { queueIt } from "./queue.js";
import { BEGIN, change, requestOf, settings } from "./settings.js";

export function Composer() {
  const { lora } = settings.value;
  const on = lora.filter((one) => one.on).length;
  return html`<section class="panel draw-panel" aria-label=${t("draw.panel")}>
    <div class="panel-fields draw-fields">
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
  const { prompt, negative_prompt, style } = settings.value;
  const menu = html`<${Menu} small kind="quiet" label=${t("common.more")} items=${[
    { label: t("draw.clear"), icon: "trash", run: () => change({ prompt: "", negative_prompt: "" }) },
    { label: t("draw.reset"), icon: "undo", run: () => change({ ...BEGIN, prompt, negative_prompt }) },
  ]} />`;
  return html`<${PromptWords} name="draw" foresight=${foresight} model=${model.value} words=${{ prompt, negative_prompt }} onChange=${change}
    onStyle=${(/** @type {string} */ name) => change({ style: [...new Set([...style, name])] })}
    placeholders=${[t("draw.prompt.example"), t("draw.negative.example")]} menu=${menu}>
    <${StyleChips} chosen=${style} error=${problems.value.style} onChange=${(/** @type {string[]} */ names) => change({ style: names })} />
  <//>`;
}

/** The button, and what it will cost. */
function Foot() {
  return html`<footer class="panel-foot draw-foot">
    <${Costs} foresight=${foresight} />
    <div class="draw-buttons">
      <${Button} kind="primary" icon="draw" class="draw-button" title="Ctrl+Enter" onClick=${() => queueIt()}>${t("draw.button", { count: settings.value.num })}<//>
      <${IconButton} icon="first" kind="plain" label=${`${t("draw.first")} (Ctrl+Shift+Enter)`} onClick=${() => queueIt({ first: true })} />
      <${IconButton} icon="grids" kind="plain" label=${t("grids.from_these")} onClick=${() => sendTo("grids", { request: requestOf(settings.value) })} />
    </div>
  </footer>`;
}
