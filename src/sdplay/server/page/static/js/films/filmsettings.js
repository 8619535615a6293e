/** The settings of an animation beside its lanes. */
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { NumberField, NumberSlider, Segmented } from "../parts/field.js";
import { change, fields, fileNames, fps, mode } from "./animatestate.js";
import { FileSlot } from "./media.js";
import { animateSpecs, clipSpecs, depthSpecs, Fields, Fold, pictureSpecs, wrongAt } from "./settings.js";

const RATES = [12, 15, 24, 30];

/** @param {{problems: any[]}} props */
export function FilmSettings({ problems }) {
  const now = fields.value;
  const shared = { fields: now, problems, onChange: change };
  const named = (/** @type {string} */ field) => (/** @type {string | null} */ id, /** @type {string} */ name) => {
    fileNames.value = { ...fileNames.value, [field]: name };
    change({ [field]: id });
  };
  return html`<div class="films-part-facts">
    <div class="films-fields">
      <${NumberField} label=${t("films.field.max_frames")} value=${now.max_frames} min=${1} max=${20000} error=${wrongAt(problems, "max_frames")} empty="300"
        onChange=${(/** @type {number} */ max_frames) => change({ max_frames }, "length")} />
      <${Segmented} label=${t("films.field.fps")} value=${fps.value} options=${RATES.map((value) => ({ value, label: String(value) }))} onChange=${(/** @type {number} */ rate) => change({ fps: String(rate) })} />
    </div>
    <${Fields} specs=${animateSpecs} ...${shared} />
    ${
      mode.value === "Video Input" &&
      html`<${FileSlot} label=${t("films.field.video_init_path")} hint=${t("films.field.video_init_path.about")} accept="video/*,image/gif,image/webp" icon="films" value=${now.video_init_path} name=${fileNames.value.video_init_path} onChange=${named("video_init_path")} />
      <${Fields} specs=${clipSpecs} ...${shared} />`
    }
    ${
      mode.value !== "Video Input" &&
      html`<${Fold} title=${t("films.begin.with")} about=${fileNames.value.init_image} open=${Boolean(now.init_image)}>
        <${FileSlot} label=${t("films.field.init_image")} hint=${t("films.field.init_image.about")} accept="image/*" icon="image" value=${now.init_image} name=${fileNames.value.init_image} onChange=${named("init_image")} />
        ${now.init_image && html`<${NumberSlider} label=${t("films.field.init_strength")} value=${now.init_strength ?? 0.55} min=${0} max=${1} step=${0.01} onChange=${(/** @type {number} */ init_strength) => change({ init_strength }, "init")} />`}
      <//>`
    }
    <${Fold} title=${t("films.sound")} about=${fileNames.value.audio} open=${Boolean(now.audio)}>
      <${FileSlot} label=${t("films.field.audio")} hint=${t("films.field.audio.about")} accept="audio/*,video/*" icon="music" value=${now.audio} name=${fileNames.value.audio} onChange=${named("audio")} />
      ${now.audio && html`<${NumberField} label=${t("films.field.audio_start")} value=${now.audio_start ?? 0} min=${0} step=${0.1} onChange=${(/** @type {number} */ audio_start) => change({ audio_start: audio_start || null }, "start")} />`}
    <//>
    ${mode.value === "3D" && html`<${Fold} title=${t("films.depth")}><${Fields} specs=${depthSpecs} ...${shared} /><//>`}
    <${Fold} title=${t("films.picture")} about=${now.model}><${Fields} specs=${pictureSpecs()} ...${shared} /><//>
  </div>`;
}
