/** Live drawing: what is set, what is sketched, and the newest picture. */

/** @import { Base } from "../../canvas/document.js" */
/** @import { LivePicture } from "../../live/send.js" */
import { CanvasDocument } from "../../canvas/document.js";
import { Keeper } from "../../canvas/keeper.js";
import { addressOf, blankPicture, pngOf, readPicture, shrunk } from "../../canvas/pixels.js";
import { shelf } from "../../canvas/shelf.js";
import { api } from "../../core/api.js";
import { draft } from "../../core/drafts.js";
import { handIn } from "../../core/events.js";
import { computed, signal } from "../../core/html.js";
import { go } from "../../core/router.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { LiveLoop } from "../../live/loop.js";
import { isSuperseded, sendLive } from "../../live/send.js";
import { sentence, toast, toastError } from "../../parts/toast.js";
import { Foresight } from "../../prompts/foresight.js";
import { remember } from "../../prompts/history.js";
import { makeEasel, putOn } from "../canvas/easel.js";

const SHEET = 512; // pixels a side
const WHITE = /** @type {const} */ ([255, 255, 255]);
const SEEDS = 2 ** 32;
const SOON = 150; // milliseconds

/** @typedef {{ request: Record<string, any>, sketch: Blob | null }} Asked  the sketch is its `image` */
/** @typedef {LivePicture & Asked} Newest */

export const easel = makeEasel("live", { masks: false });
export const settings = draft("live.settings", {
  from: "words",
  prompt: "",
  negative_prompt: "",
  strength: 0.7,
  steps: 4,
  guidance_scale: /** @type {number | null} */ (null),
  seed: Math.floor(Math.random() * SEEDS),
  model: "",
});
/** The newest picture. */
export const newest = signal(/** @type {Newest | null} */ (null));
/** Pictures a second. */
export const rate = signal(0);
export const busy = signal(false);
/** Why nothing is drawn, in words. */
export const refusal = signal("");

export const model = computed(() => {
  const name = settings.value.model || models.value.default;
  return models.value.models.find((/** @type {any} */ one) => one.name === name) ?? { name, size: 512 };
});

/** What is said of the words: a sketch changes nothing in it. */
export const foresight = new Foresight(() => wordsRequest(settings.value));

const keeper = new Keeper(shelf, "live");
/** @type {ReturnType<typeof setTimeout> | undefined} */
let saving;
/** @type {LiveLoop<Asked, LivePicture> | null} */
let loop = null;
let count = 0;

/** @param {Partial<typeof settings.value>} change */
export function change(change) {
  settings.value = { ...settings.peek(), ...change };
}

/** Begin to draw whenever something changes; the answer ends it. */
export function begin() {
  const made = new LiveLoop({
    make: requestNow,
    send: async ({ request, sketch }, signal) =>
      sendLive(sketch === null ? request : { ...request, image: await addressOf(sketch) }, signal),
    drawn: (answer, asked) => {
      newest.value = { ...answer, ...asked };
      rate.value = made.rate;
      refusal.value = "";
    },
    wrong: (error) => {
      if (!isSuperseded(error)) refusal.value = sentence(error);
    },
    busy: (is) => {
      busy.value = is;
    },
  });
  loop = made;
  return () => {
    made.stop();
    loop = null;
    busy.value = false;
  };
}

/** Something has changed. */
export function askAgain() {
  loop?.ask();
}

/** What is to be drawn as things are now; null for nothing. @returns {Promise<Asked | null>} */
async function requestNow() {
  const { from, strength } = settings.peek();
  const request = wordsRequest(settings.peek());
  if (request.prompt.trim() === "") return null;
  const document = easel.work.peek();
  if (from === "words" || document === null) return { request, sketch: null };
  return { request: { ...request, mode: "img2img", strength }, sketch: await sketchOf(document) };
}

/** The request of a picture from words alone: a draft, as quick as the model can. @param {typeof settings.value} now @returns {Record<string, any>} */
function wordsRequest({ from: _, strength: _s, prompt, ...rest }) {
  const given = Object.entries(rest).filter(([, value]) => value !== null && value !== "");
  return { mode: "txt2img", quality: "draft", ...Object.fromEntries(given), prompt };
}

/** The sketch at the size at which the model is quick. @param {CanvasDocument} document */
function sketchOf(document) {
  return pngOf(shrunk(document.picture, model.peek().size ?? SHEET));
}

/** Draw the newest picture again as a job, bit for bit, so that it is in the gallery. */
export async function keep() {
  const picture = newest.peek();
  if (picture === null) return;
  try {
    const upload = picture.sketch === null ? {} : { image: (await api.upload(picture.sketch)).id };
    await handIn({ ...picture.request, ...upload, seed: picture.seed });
    remember({ prompt: picture.request.prompt, negative_prompt: picture.request.negative_prompt ?? "" });
    toast(t("live.kept"), { kind: "ok", action: { label: t("views.gallery"), run: () => go("gallery") } });
  } catch (error) {
    toastError(error);
  }
}

export function roll() {
  change({ seed: Math.floor(Math.random() * SEEDS) });
}

/** Take up the sketch that was there before the page was left. */
export async function restore() {
  if (easel.work.peek() !== null) return;
  const document = await keeper.load().catch(() => null);
  putOn(easel, document ?? new CanvasDocument(baseOf(blankPicture(SHEET, SHEET, WHITE))));
}

/** Keep the sketch, soon. */
export function saveSoon() {
  clearTimeout(saving);
  saving = setTimeout(() => {
    const document = easel.work.peek();
    if (document !== null) keeper.save(document).catch(toastError);
  }, SOON);
}

/** Sketch over a picture. @param {Blob} blob */
export async function open(blob) {
  try {
    const { raster } = await readPicture(blob, SHEET);
    easel.work.peek()?.replaceBase(baseOf(raster), "open");
    easel.steps.value++;
    change({ from: "sketch" });
  } catch {
    toast(t("canvas.unreadable"), { kind: "error" });
  }
}

/** An empty sheet; what was there can be undone to. */
export function clear() {
  easel.work.peek()?.replaceBase(baseOf(blankPicture(SHEET, SHEET, WHITE)), "open");
  easel.steps.value++;
}

/** @param {import("../../canvas/raster.js").Raster} raster @returns {Base} */
function baseOf(raster) {
  count += 1;
  return { id: `${Date.now().toString(36)}-${count}`, raster, source: "", picture: 0 };
}
