/** What is selected, in numbers and words: a key, a lane, a block of words; and the settings of the film. */
import { html, useState } from "../core/html.js";
import { toldAtField } from "../core/told.js";
import { t } from "../core/words.js";
import { Button } from "../parts/button.js";
import { NumberField, Select, TextArea } from "../parts/field.js";
import { Tabs } from "../parts/tabs.js";
import { PromptField } from "../prompts/field.js";
import {
  blockShown,
  blocks,
  change,
  curves,
  fields,
  frameCount,
  keysOf,
  modelName,
  open,
  playhead,
  scheduleOf,
  selected,
  setBlocks,
  setKeys,
  settle,
} from "./animatestate.js";
import { FilmSettings } from "./filmsettings.js";
import { laneOf } from "./lanes.js";
import { addBlock } from "./promptlane.js";
import { changedBlock, movedBlock, withoutBlock } from "./prompts.js";
import { isPlain, MODES, movedKey, parseSchedule, withCut, withKey, withoutKey } from "./schedule.js";
import { wrongAt } from "./settings.js";

/** @param {{problems: any[]}} props what is wrong with the film as a whole */
export function Inspector({ problems }) {
  const [tab, setTab] = useState("shape");
  const chosen = selected.value;
  const tabs = [
    { id: "shape", label: t("films.tab.shape") },
    { id: "film", label: t("films.tab.film") },
  ];
  return html`<section class="films-inspector">
    <${Tabs} label=${t("films.tab")} tabs=${tabs} value=${tab} onChange=${setTab} />
    <div class="films-inspector-body">
      ${
        tab === "film"
          ? html`<${FilmSettings} problems=${problems} />`
          : html`<${Words} place=${chosen && "block" in chosen ? chosen.block : Math.min(blockShown.value, Math.max(blocks.value.length - 1, 0))} problems=${problems} />
        <${LaneFacts} name=${chosen && "lane" in chosen ? chosen.lane : open.value} place=${chosen && "lane" in chosen ? chosen.place : null} />`
      }
    </div>
  </section>`;
}

/** @param {{place: number, problems: any[]}} props */
function Words({ place, problems }) {
  const all = blocks.value;
  const block = all[place];
  if (!block) return html`<p class="films-note">${t("films.words.computed")}</p>`;
  const set = (/** @type {any} */ change) => setBlocks(changedBlock(all, place, change), `words ${place}`);
  const wrong = all.some((one) => one.prompt.trim()) ? wrongAt(problems, "animation_prompts") : undefined;
  return html`<div class="films-part-facts">
    <div class="films-part-head"><h3>${place ? t("films.words.from", { frame: block.frame }) : t("films.words.first")}</h3>
      <${Button} small kind="quiet" icon="plus" onClick=${() => addBlock(playhead.peek())}>${t("films.block.here")}<//></div>
    <${PromptField} model=${modelName.value} label=${t("films.prompt")} hideLabel=${true} rows=${2} value=${block.prompt} error=${wrong} placeholder=${t("films.words.like")} class="films-prompt"
      onChange=${(/** @type {string} */ prompt) => set({ prompt })} onBlur=${settle} />
    <div class="films-fields">
      <${PromptField} model=${modelName.value} label=${t("films.negative")} rows=${1} value=${block.negative} onChange=${(/** @type {string} */ negative) => set({ negative })} onBlur=${settle} />
      ${
        place > 0 &&
        html`<${NumberField} label=${t("films.from")} value=${block.frame} min=${1} max=${frameCount.value - 1}
        onChange=${(/** @type {number} */ frame) => setBlocks(movedBlock(all, place, frame, frameCount.value - 1), `frame ${place}`)} />`
      }
    </div>
    ${
      place > 0 &&
      html`<div><${Button} small kind="quiet" icon="trash" onClick=${() => {
        setBlocks(withoutBlock(all, place));
        selected.value = null;
      }}>${t("films.block.remove")}<//></div>`
    }
  </div>`;
}

/** @param {{name: string, place: number | null}} props */
function LaneFacts({ name, place }) {
  const keys = keysOf(name);
  const text = scheduleOf(name);
  const told = curves.value?.curves[name];
  const problem = told?.problem;
  const label = t(`films.lane.${name}`);
  const key = place === null ? undefined : keys?.[place];
  return html`<div class="films-part-facts">
    <div class="films-part-head"><h3>${label}</h3>
      ${name === "strength_schedule" && html`<${Button} small kind="quiet" icon="compare" onClick=${cutHere} title=${t("films.cut.about")}>${t("films.cut")}<//>`}</div>
    ${!key && html`<p class="films-note">${t(`films.about.${name}`)}</p>`}
    ${keys && key && place !== null && html`<${KeyFacts} name=${name} keys=${keys} place=${place} />`}
    <${TextArea} label=${t("films.notation")} class="films-notation" rows=${1} value=${text} spellcheck=${false}
      error=${problem && toldAtField(problem)}
      onChange=${(/** @type {string} */ written) => change({ [name]: written }, `notation ${name}`)} onBlur=${settle} />
    <div class="films-recipes">${recipes(name).map((recipe) => html`<button type="button" class="films-recipe" key=${recipe.text} onClick=${() => change({ [name]: recipe.text })} title=${recipe.text}>${recipe.label}</button>`)}</div>
  </div>`;
}

/** @param {{name: string, keys: import("./schedule.js").Key[], place: number}} props */
function KeyFacts({ name, keys, place }) {
  const key = /** @type {import("./schedule.js").Key} */ (keys[place]);
  const write = (/** @type {import("./schedule.js").Key[]} */ now, /** @type {string} */ label) =>
    setKeys(name, now, `${label} ${name} ${place}`);
  const usual = fields.value.keyframe_interpolation ?? "linear";
  const ways = MODES.map((mode) => ({ value: mode, label: t(`films.way.${mode}`) }));
  const mode = { hold: "step", "ease-in-out": "ease" }[key.mode] ?? (key.mode || usual);
  return html`<div class="films-fields films-key-facts">
    <${NumberField} label=${t("films.frame")} value=${key.frame} min=${0} onChange=${(/** @type {number} */ frame) => write(movedKey(keys, place, frame, key.value, frameCount.value - 1), "frame")} />
    ${typeof key.value === "number" ? html`<${NumberField} label=${t("films.value")} value=${key.value} step=${laneOf(name).step} onChange=${(/** @type {number} */ value) => write(withKey(keys, place, { value }), "value")} />` : html`<p class="films-note">${t("films.computed")}</p>`}
    <${Select} label=${t("films.way")} value=${mode} options=${ways} disabled=${place === keys.length - 1 || typeof key.value !== "number"}
      onChange=${(/** @type {string} */ way) => write(withKey(keys, place, { mode: way === usual ? "" : way }), "way")} />
    <div class="films-key-remove"><${Button} small kind="quiet" icon="trash" disabled=${keys.length < 2} onClick=${() => {
      setKeys(name, withoutKey(keys, place));
      selected.value = null;
    }}>${t("films.key.remove")}<//></div>
  </div>`;
}

/** A new picture at the drawn frame that is nearest to the playhead. */
export function cutHere() {
  const name = "strength_schedule";
  const keys = keysOf(name);
  const every = Number(fields.peek().diffusion_cadence ?? 3);
  const frame = Math.max(Math.round(playhead.peek() / every), 1) * every;
  if (!keys || !isPlain(keys) || frame >= frameCount.peek()) return;
  setKeys(name, withCut(keys, frame, fields.peek().keyframe_interpolation ?? "linear"));
  open.value = name;
}

/** Whole curves to begin with, around what usually stands there. @param {string} name */
function recipes(name) {
  const lane = laneOf(name);
  const middle = parseSchedule(lane.usual)?.[0]?.value ?? 0;
  const span =
    { zoom: 0.03, strength_schedule: 0.1, angle: 2, translation_x: 6, translation_y: 6, translation_z: 6 }[name] ??
    lane.step * 10;
  const last = frameCount.value - 1;
  const made = [
    { label: t("films.recipe.still"), text: lane.usual },
    { label: t("films.recipe.wave"), text: `0:(${middle}+${span}*sin(t/12))` },
    {
      label: t("films.recipe.swell"),
      text: `0:(${middle}) ease, ${Math.round(last / 2)}:(${Number(middle) + span}) ease, ${last}:(${middle})`,
    },
  ];
  return fields.value.audio
    ? [
        ...made,
        { label: t("films.recipe.bass"), text: `0:(${middle}+${span}*bass)` },
        { label: t("films.recipe.beat"), text: `0:(${middle}+${span}*onset)` },
      ]
    : made;
}
