/** A dream as a strip: key pictures in a row, and how long it takes from each to the next. */
import { html, useEffect, useMemo } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { Segmented, Switch } from "../parts/field.js";
import { WEIGHT_KEYS } from "../prompts/field.js";
import { FilmBar, FilmOutlook } from "./bar.js";
import { Outlook } from "./draw.js";
import { drawCards } from "./dreamcards.js";
import {
  addCard,
  base,
  canRedo,
  canUndo,
  change,
  changeFields,
  dream,
  fileNames,
  freshDream,
  redo,
  replaceAll,
  request,
  times,
  undo as undoStep,
} from "./dreamstate.js";
import { DreamStrip, DreamTimes } from "./dreamstrip.js";
import { editFilm } from "./edit.js";
import { FileSlot } from "./media.js";
import { dreamSpecs, Fields, Fold, pictureSpecs } from "./settings.js";

const RATES = [12, 24, 30, 60];

export function DreamEditor() {
  const outlook = useMemo(() => new Outlook(() => request.value), []);
  useEffect(() => outlook.follow(), []);
  useDreamKeys();

  const problems = outlook.error.value?.problems ?? [];
  const undo = html`<${IconButton} icon="undo" label=${t("common.undo")} disabled=${!canUndo.value} onClick=${undoStep} />
    <${IconButton} icon="redo" label=${t("films.redo")} disabled=${!canRedo.value} onClick=${redo} />`;
  return html`<div class="films-editor">
    <${FilmBar} title=${t("films.dream")} outlook=${outlook} request=${() => request.value ?? {}} kinds=${["json"]} undo=${undo}
      base=${base.value} onNew=${() => replaceAll(freshDream())}
      onRead=${editFilm} onDrawn=${(/** @type {any} */ job) => {
        base.value = job.id;
      }} />
    <div class="films-scroll">
      <div class="films-lead">
        <${FilmOutlook} outlook=${outlook} frames=${times.value.total} fps=${dream.value.fps} />
        <span class="spread"></span>
        <${Button} small icon="image" onClick=${() => drawCards()} title=${t("films.keys.draw.about")}>${t("films.keys.draw")}<//>
      </div>
      <${DreamTimes} />
      <${DreamStrip} problems=${problems} />
      <div class="films-settings">
        <section class="films-panel">
          <h3>${t("films.walk")}</h3>
          <div class="films-fields">
            <${Segmented} label=${t("films.field.fps")} value=${dream.value.fps} options=${RATES.map((value) => ({ value, label: String(value) }))}
              onChange=${(/** @type {number} */ fps) => change({ fps })} />
            <${Switch} label=${t("films.field.loop")} hint=${t("films.field.loop.about")} value=${dream.value.loop} onChange=${(/** @type {boolean} */ loop) => change({ loop })} />
          </div>
          <${Fields} specs=${dreamSpecs} fields=${dream.value.fields} problems=${problems} onChange=${changeFields} />
        </section>
        <section class="films-panel">
          <h3>${t("films.picture")}</h3>
          <${Fields} specs=${pictureSpecs()} fields=${dream.value.fields} problems=${problems} onChange=${changeFields} />
        </section>
        <section class="films-panel">
          <${Fold} title=${t("films.sound")} about=${fileNames.value.audio} open=${Boolean(dream.value.fields.audio)}>
            <${FileSlot} label=${t("films.field.audio")} hint=${t("films.field.audio.about")} accept="audio/*,video/*" icon="music"
              value=${dream.value.fields.audio} name=${fileNames.value.audio}
              onChange=${(/** @type {string | null} */ audio, /** @type {string} */ name) => {
                fileNames.value = { ...fileNames.value, audio: name };
                const pace = audio ? "audio" : dream.value.fields.pace === "audio" ? null : dream.value.fields.pace;
                changeFields({ audio, pace: pace ?? null });
              }} />
          <//>
        </section>
      </div>
    </div>
  </div>`;
}

function useDreamKeys() {
  useKeys("films", [
    { keys: "Ctrl+Enter", what: "films.keys.run", run: () => /** @type {HTMLElement | null} */ (document.querySelector(".films-draw"))?.click() },
    { keys: "Ctrl+z", what: "common.undo", run: undoStep },
    { keys: "Ctrl+Shift+z", what: "films.redo", run: redo },
    ...WEIGHT_KEYS,
    { keys: "ArrowLeft", what: "films.keys.card" },
    { keys: "ArrowRight", what: "films.keys.card" },
    { keys: "Delete", what: "films.keys.remove" },
    { keys: "Ctrl+y", what: "films.redo", run: redo },
    { keys: "Alt+n", what: "films.card.add", run: addCard },
  ]); // biome-ignore format: a key a line
}
