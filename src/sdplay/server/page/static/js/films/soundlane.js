/** The sound as a lane: its waveform, its onsets, its beats. */
import { number } from "../core/format.js";
import { html, useMemo } from "../core/html.js";
import { t } from "../core/words.js";
import { fps, frameCount } from "./animatestate.js";
import { sound } from "./soundstate.js";
import { length, scale, scrub } from "./view.js";

const HEIGHT = 56;
const FEWEST = 5; // pixels between beats that are worth a line each

export function SoundLane() {
  const heard = sound.value;
  const wave = useMemo(() => wavePath(heard.peaks), [heard]);
  const perSecond = fps.value * scale.value;
  const lasts = frameCount.value / fps.value;
  const beats = heard.tempo && (60 / heard.tempo) * perSecond >= FEWEST ? heard.beats : [];
  const onsets = perSecond > 12 ? heard.onsets : [];
  return html`<div class="films-lane films-sound">
    <div class="films-lane-head"><span class="films-lane-name"><span>${t("films.sound")}</span><b>${heard.tempo ? t("films.tempo", { tempo: number(heard.tempo) }) : ""}</b></span></div>
    <svg class="films-sound-line" width=${length.value} height=${HEIGHT} aria-hidden="true" onPointerDown=${scrub}>
      <path class="films-wave" d=${wave} transform=${`scale(${heard.seconds * perSecond} ${HEIGHT / 2 - 4}) `} style=${{ transform: `translateY(${HEIGHT / 2}px) scale(${heard.seconds * perSecond}, ${HEIGHT / 2 - 4})` }} />
      ${beats.filter((/** @type {number} */ time) => time <= lasts).map((/** @type {number} */ time) => html`<line key=${time} class="films-beat" x1=${time * perSecond} x2=${time * perSecond} y1="0" y2=${HEIGHT} />`)}
      ${onsets.filter((/** @type {any} */ one) => one.time <= lasts).map((/** @type {any} */ one) => html`<circle key=${one.time} class="films-onset" cx=${one.time * perSecond} cy=${HEIGHT - 4} r=${1 + 2.5 * one.strength} />`)}
    </svg>
  </div>`;
}

/** The waveform, one wide and from -1 to 1 high. @param {number[]} peaks */
export function wavePath(peaks) {
  const step = 1 / peaks.length;
  const up = peaks.map((peak, at) => `${at ? "L" : "M"}${(at * step).toFixed(5)} ${(-peak).toFixed(3)}`).join("");
  const down = peaks
    .map((peak, at) => `L${(at * step).toFixed(5)} ${peak.toFixed(3)}`)
    .reverse()
    .join("");
  return `${up}${down}Z`;
}
