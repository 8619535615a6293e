/** Live: the picture follows what is typed and what is sketched. */

import { number } from "../../core/format.js";
import { sendTo } from "../../core/handoff.js";
import { html, useEffect } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { t } from "../../core/words.js";
import { Bitmap } from "../../parts/bitmap.js";
import { Button, IconButton } from "../../parts/button.js";
import { useDrop } from "../../parts/drop.js";
import { NumberField, NumberSlider, Segmented } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { EXPLAIN_KEY, ExplainDialog } from "../../prompts/explain.js";
import { PROMPT_KEYS } from "../../prompts/field.js";
import { PromptWords } from "../../prompts/words.js";
import { easelKeys } from "../canvas/canvaskeys.js";
import { Options } from "../canvas/options.js";
import { StageView } from "../canvas/stage.js";
import { Toolbar } from "../canvas/toolbar.js";
import {
  askAgain,
  begin,
  busy,
  change,
  clear,
  easel,
  foresight,
  keep,
  model,
  newest,
  open,
  rate,
  refusal,
  restore,
  roll,
  saveSoon,
  settings,
} from "./session.js";

const MOST_STEPS = 12; // on the slider: few, so that it is quick

export function LiveView() {
  const { from } = settings.value;
  const drop = useDrop((files) => open(files[0]), { paste: true });
  useEffect(() => {
    restore().then(askAgain);
    return begin();
  }, []);
  useEffect(() => foresight.follow(), []);
  useEffect(askAgain, [settings.value, easel.steps.value]);
  useEffect(saveSoon, [easel.steps.value]);
  useKeys("live", [
    { keys: "Ctrl+Enter", what: "live.keep", run: () => void keep() },
    { keys: "Alt+r", what: "live.roll", run: roll },
    ...PROMPT_KEYS,
    EXPLAIN_KEY,
    ...(from === "sketch" ? easelKeys(easel) : []),
  ]);
  return html`<div class=${`live live-${from}`} ...${drop.handlers}>
    <div class="live-work">
      ${from === "sketch" && html`<${Sketch} />`}
      <${Result} />
    </div>
    <${Controls} /><${ExplainDialog} foresight=${foresight} />
  </div>`;
}

function Sketch() {
  return html`<section class="live-board" aria-label=${t("live.sketch")}>
    <${Options} easel=${easel} />
    <${Toolbar} easel=${easel}><${IconButton} icon="trash" label=${t("live.clear")} onClick=${clear} /><//>
    <${StageView} easel=${easel} label=${t("live.sketch")} />
  </section>`;
}

/** The newest picture, and how quickly they come. */
function Result() {
  const picture = newest.value;
  return html`<section class="live-result" aria-label=${t("live.result")} aria-busy=${busy.value}>
    <${Bitmap} class="live-picture" blob=${picture?.blob ?? null} label=${settings.value.prompt || t("live.result")} data-seed=${picture?.seed} hidden=${picture === null} />
    ${picture === null && html`<div class="live-empty"><${Icon} name="live" size=${40} /><h2>${t("live.empty")}</h2><p class="muted">${t("live.empty.about")}</p></div>`}
    <${Rate} />
  </section>`;
}

function Rate() {
  if (refusal.value)
    return html`<p class="live-rate live-wrong" role="alert"><${Icon} name="warning" size=${16} />${refusal.value}</p>`;
  const picture = newest.value;
  if (picture === null) return null;
  const told = t("live.rate", { rate: number(rate.value, 1), time: number(picture.seconds * 1000) });
  return html`<p class=${`live-rate ${busy.value ? "live-busy" : ""}`}><span class="live-dot"></span>${told}</p>`;
}

function Controls() {
  const { from, prompt, negative_prompt, strength, steps, guidance_scale, seed } = settings.value;
  const ways = ["words", "sketch"].map((value) => ({ value, label: t(`live.from.${value}`) }));
  return html`<section class="live-controls" aria-label=${t("live.settings")}>
    <${Segmented} label=${t("live.from")} hideLabel options=${ways} value=${from} onChange=${(/** @type {string} */ way) => change({ from: way })} />
    <${PromptWords} name="live" foresight=${foresight} model=${model.value.name} words=${{ prompt, negative_prompt }} onChange=${change}
      placeholders=${[t("live.prompt.example"), ""]} rows=${2} autofocus />
    ${from === "sketch" && html`<${NumberSlider} label=${t("fields.strength")} min=${0} max=${1} step=${0.05} value=${strength} hint=${t("live.strength.about")} onChange=${(/** @type {number} */ value) => change({ strength: value })} />`}
    <${NumberSlider} label=${t("fields.steps")} min=${1} max=${MOST_STEPS} typedMax=${100} value=${steps} hint=${t("live.steps.about")} onChange=${(/** @type {number} */ value) => change({ steps: value })} />
    <${NumberSlider} label=${t("fields.guidance_scale")} min=${0} max=${15} step=${0.1} value=${guidance_scale} fallback=${model.value.guidance_scale ?? 7} onChange=${(/** @type {number} */ value) => change({ guidance_scale: value })} />
    <div class="live-seed">
      <${NumberField} label=${t("fields.seed")} min=${0} max=${2 ** 53} value=${seed} onChange=${(/** @type {number} */ value) => change({ seed: value })} />
      <${IconButton} kind="plain" icon="dice" label=${`${t("live.roll")} (Alt+R)`} onClick=${roll} />
    </div>
    <${Actions} />
  </section>`;
}

function Actions() {
  const picture = newest.value;
  const toCanvas = () =>
    picture && sendTo("canvas", { blob: picture.blob, request: { prompt: settings.peek().prompt } });
  return html`<div class="live-actions">
    <${Button} kind="primary" icon="check" title="Ctrl+Enter" disabled=${picture === null} onClick=${keep}>${t("live.keep")}<//>
    <${Button} icon="canvas" disabled=${picture === null} onClick=${toCanvas}>${t("live.canvas")}<//>
  </div>`;
}
