/** The moves of the camera, which play beside the timeline while one edits them. */
import { percent } from "../core/format.js";
import { html, useEffect, useRef } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { Told } from "../parts/told.js";
import { fields, fps, frameCount, mode, playhead, seek } from "./animatestate.js";
import { busy, frames, playing, problem, restartClock } from "./motion.js";
import { Soundtrack } from "./sound.js";
import { timecode } from "./timescale.js";

export function Monitor() {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const blob = frames.value.get(playhead.value);
  useEffect(() => {
    if (blob) paint(/** @type {HTMLCanvasElement} */ (canvas.current), blob, playhead.peek());
  }, [blob]);
  const shape = { aspectRatio: `${fields.value.width || 1} / ${fields.value.height || fields.value.width || 1}` };
  const clip = mode.value === "Video Input";
  return html`<section class="films-monitor" aria-label=${t("films.motion")}>
    <div class="films-screen">
      <canvas ref=${canvas} style=${shape} width="320" height="320" role="img" aria-label=${t("films.motion.about")}></canvas>
      ${clip && html`<p class="films-screen-note"><${Icon} name="info" size=${18} />${t("films.motion.clip")}</p>`}
      ${!clip && problem.value && html`<p class="films-screen-note films-screen-wrong" role="status"><${Icon} name="warning" size=${18} /><${Told} problem=${problem.value} /></p>`}
      ${!clip && !problem.value && !frames.value.size && html`<p class="films-screen-note">${t("films.motion.begins")}</p>`}
    </div>
    <${Transport} />
  </section>`;
}

/** The newest picture that is asked for is shown, whichever was decoded first. */
const order = new WeakMap();

/** @param {HTMLCanvasElement} canvas @param {Blob} blob @param {number} frame */
async function paint(canvas, blob, frame) {
  const mine = (order.get(canvas) ?? 0) + 1;
  order.set(canvas, mine);
  const picture = await createImageBitmap(blob);
  if (order.get(canvas) === mine) {
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
      canvas.style.aspectRatio = `${picture.width} / ${picture.height}`;
    }
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    canvas.dataset.shown = String(frame);
  }
  picture.close();
}

/** To the first frame, back, play, on. */
export function Transport() {
  const go = (/** @type {number} */ frame) => {
    seek(frame);
    restartClock();
  };
  return html`<div class="films-transport">
    <${IconButton} small icon="first" class="films-to-start" label=${t("films.to.start")} onClick=${() => go(0)} />
    <${IconButton} small icon="left" label=${t("films.back")} onClick=${() => go(playhead.value - 1)} />
    <${IconButton} icon=${playing.value ? "pause" : "play"} kind="plain" label=${t(playing.value ? "films.pause" : "films.play")} class="films-play" onClick=${() => {
      playing.value = !playing.value;
    }} />
    <${IconButton} small icon="right" label=${t("films.forward")} onClick=${() => go(playhead.value + 1)} />
    <span class="films-time" aria-live="off">${t("films.at", { frame: playhead.value, last: frameCount.value - 1 })}<i>${timecode(playhead.value, fps.value)}</i></span>
    <${Soundtrack} upload=${fields.value.audio} start=${fields.value.audio_start ?? 0} playing=${playing.value} at=${playhead.value / fps.value} />
    ${busy.value && html`<span class="films-loaded" title=${t("films.motion.loading")}>${percent(frames.value.size / frameCount.value)}</span>`}
  </div>`;
}
