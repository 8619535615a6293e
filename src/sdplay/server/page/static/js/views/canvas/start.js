/** How one begins: with a picture of one's own, with one that was drawn, or with an empty sheet. */

import { blobOf } from "../../core/handoff.js";
import { html } from "../../core/html.js";
import { recent } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Drop } from "../../parts/drop.js";
import { Tile } from "../../parts/tile.js";
import { toastError } from "../../parts/toast.js";
import { open, openBlank } from "./session.js";
import { change, model } from "./settings.js";

const SHOWN = 12;
const LEAST_SIDE = 512; // of an empty sheet: room to draw

export function Start() {
  const use = async (/** @type {any} */ picture) => {
    try {
      if (picture.prompt) change({ prompt: picture.prompt });
      await open(await blobOf({ picture }), picture.id);
    } catch (error) {
      toastError(error);
    }
  };
  const side = Math.max(LEAST_SIDE, model.value.size ?? LEAST_SIDE);
  const pictures = recent.value.filter((one) => one.media_type.startsWith("image/")).slice(0, SHOWN);
  return html`<div class="canvas-start">
    <div class="canvas-start-inside">
      <div class="canvas-start-words"><h2>${t("canvas.start")}</h2><p class="muted">${t("canvas.start.about")}</p></div>
      <${Drop} class="canvas-start-drop" label=${t("canvas.start.drop")} hint=${t("canvas.start.hint")} onFiles=${(/** @type {File[]} */ files) => open(files[0])} />
      <${Button} icon="brush" onClick=${() => openBlank(side, side)}>${t("canvas.start.blank")}<//>
      ${
        pictures.length > 0 &&
        html`<div class="canvas-start-recent"><h3>${t("canvas.start.recent")}</h3>
        <div class="canvas-start-tiles">${pictures.map((picture) => html`<${Tile} key=${picture.id} picture=${picture} onOpen=${() => use(picture)} />`)}</div></div>`
      }
    </div>
  </div>`;
}
