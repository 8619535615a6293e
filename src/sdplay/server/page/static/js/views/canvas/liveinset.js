/** Live on the canvas: a small picture that follows every stroke and every word. */

import { hasBorders } from "../../canvas/frame.js";
import { addressOf, pngOf, shrunk } from "../../canvas/pixels.js";
import { liveRequestOf } from "../../canvas/request.js";
import { number } from "../../core/format.js";
import { html, signal, useEffect, useRef, useState } from "../../core/html.js";
import { t } from "../../core/words.js";
import { LiveLoop } from "../../live/loop.js";
import { isSuperseded, sendLive } from "../../live/send.js";
import { Bitmap } from "../../parts/bitmap.js";
import { Button, IconButton } from "../../parts/button.js";
import { sentence } from "../../parts/toast.js";
import { draw } from "./session.js";
import { change, easel, model, settings } from "./settings.js";

const STEPS = 4; // where none are set: few, so that it is quick
const SEEDS = 2 ** 32;

/** @typedef {import("../../live/send.js").LivePicture} LivePicture */

/** Whether the canvas is live. */
export const live = signal(false);
/** The seed of live pictures where none is set: the same from one to the next, so that strokes are what changes. */
const seed = Math.floor(Math.random() * SEEDS);

/** @returns {Promise<Record<string, any> | null>} what is to be drawn as things are now */
async function requestNow() {
  const document = easel.work.peek();
  if (document === null || settings.peek().prompt.trim() === "") return null;
  const { hasMask, borders } = document;
  const whole = !hasMask && !hasBorders(borders);
  const picture = whole ? shrunk(document.picture, model.peek().size ?? Infinity) : document.picture;
  const image = await addressOf(await pngOf(picture));
  const mask = hasMask ? await addressOf(await pngOf(document.mask)) : null;
  const usual = { steps: settings.peek().steps ?? STEPS, seed: settings.peek().seed ?? seed };
  return liveRequestOf({ ...settings.peek(), ...usual }, { image, mask, borders });
}

/** @param {{ onClose: () => void }} props */
export function LiveInset({ onClose }) {
  const [large, setLarge] = useState(false);
  const { picture, rate, wrong } = useLive();
  const use = () => {
    if (picture === null) return;
    change({ seed: picture.seed, steps: settings.peek().steps ?? STEPS });
    void draw();
  };
  return html`<aside class=${`inset ${large ? "inset-large" : ""}`} aria-label=${t("canvas.live")}>
    <header class="inset-head"><span class="inset-name">${t("canvas.live")}</span>
      <${IconButton} small icon=${large ? "minus" : "fit"} label=${t(large ? "canvas.live.small" : "canvas.live.large")} onClick=${() => setLarge(!large)} />
      <${IconButton} small icon="close" label=${t("common.close")} onClick=${onClose} /></header>
    <${Bitmap} class="inset-picture" blob=${picture?.blob ?? null} label=${t("canvas.live")} />
    <p class="inset-words" role="status">${wrong || (picture ? t("live.rate", { rate: number(rate, 1), time: number(picture.seconds * 1000) }) : t("canvas.live.waits"))}</p>
    <${Button} small icon="sparkle" disabled=${picture === null} onClick=${use}>${t("canvas.live.use")}<//>
  </aside>`;
}

/** The newest live picture of the canvas, drawn anew whenever something changes. */
function useLive() {
  const [told, setTold] = useState({ picture: /** @type {LivePicture | null} */ (null), rate: 0, wrong: "" });
  const loop = useRef(/** @type {LiveLoop<Record<string, any>, LivePicture> | null} */ (null));
  useEffect(() => {
    const made = new LiveLoop({
      make: requestNow,
      send: sendLive,
      drawn: (/** @type {LivePicture} */ picture) => setTold({ picture, rate: made.rate, wrong: "" }),
      wrong: (error) => {
        if (!isSuperseded(error)) setTold((before) => ({ ...before, wrong: sentence(error) }));
      },
    });
    loop.current = made;
    return () => made.stop();
  }, []);
  useEffect(() => loop.current?.ask(), [settings.value, easel.steps.value]);
  return told;
}
