/** Plays the frames of a film that are there, while more are drawn: by frames, back and forth, at any place. */
import { html, useEffect, useRef, useState } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { isThere, nearestThere, playableUntil } from "./motionstream.js";
import { Soundtrack, toggleSound } from "./sound.js";
import { timecode } from "./timescale.js";

const SIDE = 768;
const AHEAD = 16; // frames that are asked for before they are shown
const KEPT = 400;

/** The pictures of one film, asked for once each. */
class Reel {
  /** @param {string} template */
  constructor(template) {
    this.template = template;
    this.pictures = /** @type {Map<number, HTMLImageElement>} */ (new Map());
  }

  /** @param {number} index @returns {HTMLImageElement} */
  picture(index) {
    const known = this.pictures.get(index);
    if (known) return known;
    const made = new Image();
    made.src = `${this.template.replace("{index}", String(index))}?side=${SIDE}`;
    this.pictures.set(index, made);
    if (this.pictures.size > KEPT) this.pictures.delete(/** @type {number} */ (this.pictures.keys().next().value));
    return made;
  }
}

/** @param {{frames: any, film: any, sound: {upload: string, start: number} | null}} props */
export function Player({ frames, film, sound }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const reel = useRef(/** @type {Reel | null} */ (null));
  const there = /** @type {[number, number][]} */ (frames?.there ?? []);
  const newest = useRef(there);
  newest.current = there;
  const [at, setAt] = useState(frames?.first ?? 0);
  const [playing, setPlaying] = useState(false);
  if (!reel.current && frames) reel.current = new Reel(frames.frame);
  const shown = isThere(there, at) ? at : nearestThere(there, at);
  useEffect(() => {
    if (shown !== null) show(reel.current, canvas.current, shown);
  }, [shown, there.length > 0]);
  useEffect(() => {
    if (!playing) return undefined;
    return play(newest, at, frames.fps, reel, setAt);
  }, [playing]);
  const step = (/** @type {number} */ by) => {
    setPlaying(false);
    const last = film.last;
    setAt((/** @type {number} */ now) => Math.min(Math.max(now + by, film.first), last));
  };
  usePlayerKeys(step, () => setPlaying((now) => !now));
  const share = (/** @type {number} */ frame) =>
    `${(100 * (frame - film.first)) / Math.max(film.last - film.first, 1)}%`;
  return html`<section class="films-player" aria-label=${t("films.player")}>
    <div class="films-screen">
      <canvas ref=${canvas} width=${film.width || 16} height=${film.height || 16} style=${{ aspectRatio: `${film.width || 1} / ${film.height || 1}` }} role="img" aria-label=${t("films.frame.shown", { frame: shown ?? 0 })}></canvas>
      ${!there.length && html`<p class="films-screen-note"><${Icon} name="clock" size=${18} />${t(film.state === "queued" ? "films.player.waits" : "films.player.first")}</p>`}
    </div>
    <div class="films-scrub">
      <div class="films-scrub-there" aria-hidden="true">${there.map(
        ([first, last]) =>
          html`<span key=${first} style=${{ insetInlineStart: share(first), width: `calc(${share(last + 1)} - ${share(first)})` }}></span>`,
      )}</div>
      <input type="range" class="films-scrub-range" min=${film.first} max=${film.last} value=${at} aria-label=${t("films.frame")} aria-valuetext=${t("films.at", { frame: at, last: film.last })}
        onInput=${(/** @type {any} */ event) => {
          setPlaying(false);
          setAt(Number(event.currentTarget.value));
        }} />
    </div>
    <div class="films-transport">
      <${IconButton} icon="left" label=${t("films.back")} onClick=${() => step(-1)} />
      <${IconButton} icon=${playing ? "pause" : "play"} kind="primary" label=${t(playing ? "films.pause" : "films.play")} class="films-play" disabled=${!there.length} onClick=${() => setPlaying(!playing)} />
      <${IconButton} icon="right" label=${t("films.forward")} onClick=${() => step(1)} />
      <span class="films-time">${t("films.at", { frame: at, last: film.last })}<i>${timecode(at, film.fps)}</i></span>
      <span class="spread"></span>
      <${Soundtrack} ...${sound} playing=${playing} at=${at / film.fps} />
      <${IconButton} icon="fit" label=${t("films.fullscreen")} onClick=${() => canvas.current?.requestFullscreen?.()} />
    </div>
  </section>`;
}

/** @param {Reel | null} reel @param {HTMLCanvasElement | null} canvas @param {number} index */
async function show(reel, canvas, index) {
  if (!reel || !canvas) return;
  const picture = reel.picture(index);
  canvas.dataset.wanted = String(index);
  try {
    await picture.decode();
  } catch {
    reel.pictures.delete(index); // it is asked for again when it is shown again
    return;
  }
  if (canvas.dataset.wanted !== String(index)) return;
  if (canvas.width !== picture.naturalWidth || canvas.height !== picture.naturalHeight) {
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    canvas.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`;
  }
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  canvas.dataset.shown = String(index);
}

/**
 * Go on as time does, round and round over what is there. Gives the way to stop.
 * @param {{current: [number, number][]}} there @param {number} from @param {number} fps @param {{current: Reel | null}} reel
 * @param {(frame: number) => void} setAt
 */
function play(there, from, fps, reel, setAt) {
  let frame = from;
  let next = performance.now();
  let stopped = false;
  const tick = (/** @type {number} */ now) => {
    if (stopped) return;
    const step = 1000 / fps;
    while (now >= next) {
      const end = playableUntil(there.current, frame);
      const begin = there.current[0]?.[0] ?? 0;
      const following = there.current.find(([first]) => first > frame);
      frame = frame < end ? frame + 1 : (following?.[0] ?? begin);
      next = Math.max(next + step, now - 4 * step);
    }
    setAt(frame);
    for (let ahead = 1; ahead <= AHEAD; ahead += 1)
      if (isThere(there.current, frame + ahead)) reel.current?.picture(frame + ahead);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  return () => {
    stopped = true;
  };
}

/** @param {(by: number) => void} step @param {() => void} toggle */
function usePlayerKeys(step, toggle) {
  useKeys("films", [
    { keys: "Space", what: "films.keys.play", run: toggle },
    { keys: "m", what: "films.keys.mute", run: toggleSound },
    { keys: "ArrowLeft", what: "films.back", run: () => step(-1) },
    { keys: "ArrowRight", what: "films.forward", run: () => step(1) },
    { keys: "Shift+ArrowLeft", what: "films.keys.back10", run: () => step(-10) },
    { keys: "Shift+ArrowRight", what: "films.keys.forward10", run: () => step(10) },
  ]);
}
