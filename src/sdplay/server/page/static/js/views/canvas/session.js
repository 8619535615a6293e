/** The canvas from picture to picture: opened, drawn over, accepted, kept over a reload. */

/** @import { Base } from "../../canvas/document.js" */
/** @import { Given } from "../../core/handoff.js" */
import { CanvasDocument } from "../../canvas/document.js";
import { inpaintMasks, onlyMaskedFrame } from "../../canvas/frame.js";
import { Keeper } from "../../canvas/keeper.js";
import { blankPicture, LARGEST_SIDE, pngOf, readPicture } from "../../canvas/pixels.js";
import { drawnSize, requestOf } from "../../canvas/request.js";
import { shelf } from "../../canvas/shelf.js";
import { ApiError, api } from "../../core/api.js";
import { draft } from "../../core/drafts.js";
import { handIn } from "../../core/events.js";
import { blobOf } from "../../core/handoff.js";
import { computed, signal } from "../../core/html.js";
import { jobs } from "../../core/store.js";
import { t } from "../../core/words.js";
import { toast, toastError } from "../../parts/toast.js";
import { remember } from "../../prompts/history.js";
import { putOn, stepped } from "./easel.js";
import { foresight, sourceOf } from "./foresee.js";
import { change, easel, model, settings } from "./settings.js";

const SAVE_AFTER = 100; // milliseconds
const MOST_SHARE = 0.2; // of a picture, that a brush is wide at first
const WHITE = /** @type {const} */ ([255, 255, 255]);

/** @typedef {{ job: string, chosen: number }} Round  what was asked for last, and which picture of it is shown; -1: none */

export const round = draft("canvas.round", { job: "", chosen: 0 });
/** The pictures of the round that are there. */
export const candidates = signal(/** @type {any[]} */ ([]));
/** Whether pictures are on their way to the service. */
export const sending = signal(false);
export const loaded = signal(false);

export const drawing = computed(() => {
  const job = jobs.value.get(round.value.job);
  return job && ["queued", "running"].includes(job.state) ? job : null;
});

const keeper = new Keeper(shelf, "canvas");
let count = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let saving;
/** @type {Promise<void> | undefined} */
let takingUp;

/** Take up what was there before the page was left. */
export async function restore() {
  if (loaded.peek()) return;
  await takeUp();
  if (round.peek().job) await refreshRound();
}

/** The document that was kept is put on once; whoever asks meanwhile waits for it. */
function takeUp() {
  takingUp ??= keeper
    .load()
    .then((document) => document !== null && easel.work.peek() === null && putOn(easel, document))
    .catch(toastError)
    .then(() => {
      loaded.value = true;
    });
  return takingUp;
}

/** Keep the document, soon. */
export function saveSoon() {
  clearTimeout(saving);
  saving = setTimeout(save, SAVE_AFTER);
}

/** Keep the document now. */
export async function save() {
  clearTimeout(saving);
  const document = easel.work.peek();
  if (document === null) return;
  try {
    await keeper.save(document);
  } catch (error) {
    toastError(error);
  }
}

/** @param {import("../../canvas/raster.js").Raster} raster @param {number} [picture] @returns {Base} */
function baseOf(raster, picture = 0) {
  count += 1;
  return { id: `${Date.now().toString(36)}-${count}`, raster, source: "", picture };
}

/** Work on a picture file. What is on the canvas can be undone to. @param {Blob} blob @param {number} [picture] its number in the gallery */
export async function open(blob, picture = 0) {
  await takeUp();
  try {
    const { raster, given } = await readPicture(blob);
    begin(baseOf(raster, picture));
    if (given.width > raster.width) {
      toast(t("canvas.made_smaller", { most: LARGEST_SIDE, width: raster.width, height: raster.height }));
    }
  } catch {
    toast(t("canvas.unreadable"), { kind: "error" });
  }
}

/** Work on an empty sheet. @param {number} width @param {number} height */
export function openBlank(width, height) {
  begin(baseOf(blankPicture(width, height, WHITE)));
  easel.tool.value = { ...easel.tool.peek(), layer: "paint" };
}

/** @param {Base} base */
function begin(base) {
  leaveRound();
  const document = easel.work.peek();
  fitBrushes(base);
  if (document === null) return putOn(easel, new CanvasDocument(base));
  document.replaceBase(base, "open");
  putOn(easel, document);
}

/** Brushes of a size that suits a picture of another size than the last. @param {Base} base */
function fitBrushes({ raster }) {
  const side = Math.min(raster.width, raster.height);
  const last = easel.work.peek()?.size ?? { width: side, height: side };
  const { mask, paint } = easel.tool.peek();
  const share = side / Math.min(last.width, last.height);
  const most = side * MOST_SHARE;
  const fitted = (/** @type {number} */ size) => Math.max(1, Math.round(Math.min(size * share, most)));
  easel.tool.value = {
    ...easel.tool.peek(),
    mask: { ...mask, size: fitted(mask.size) },
    paint: { ...paint, size: fitted(paint.size) },
  };
}

/** Take what another view gave. @param {Given} given */
export async function openGiven(given) {
  const words = given.request?.prompt ?? given.picture?.prompt;
  if (words) change({ prompt: words });
  try {
    await open(await blobOf(given), given.picture?.id ?? 0);
  } catch (error) {
    toastError(error);
  }
}

/** Put the canvas away; nothing is left to undo. */
export async function close() {
  leaveRound();
  easel.work.value = null;
  await keeper.forget();
}

/** Ask for pictures of what is on the canvas. @param {{ first?: boolean }} [options] `first`: before what waits */
export async function draw({ first = false } = {}) {
  const document = easel.work.peek();
  if (document === null || sending.peek()) return;
  sending.value = true;
  const { prompt, negative_prompt } = settings.peek();
  remember({ prompt, negative_prompt });
  try {
    const inputs = await sent(document);
    const request = requestOf(settings.peek(), inputs);
    const job = await handIn(first ? { ...request, priority: 1 } : request);
    leaveRound();
    round.value = { job: job.id, chosen: 0 };
  } catch (error) {
    tell(error);
  }
  sending.value = false;
}

/** Say what is wrong at its field, and aloud. @param {unknown} error */
function tell(error) {
  if (error instanceof ApiError) foresight.refusal.value = error;
  toastError(error);
}

/** The picture and the mask, as the service knows them. @param {CanvasDocument} document */
async function sent(document) {
  const { base, hasPaint, hasMask, borders } = document;
  const image = hasPaint ? (await api.upload(await pngOf(document.picture))).id : await sourceOf(base);
  const mask = hasMask ? (await api.upload(await pngOf(document.mask))).id : null;
  return { image, mask, borders };
}

/** Ask what came of the round. */
export async function refreshRound() {
  const { job } = round.peek();
  try {
    const answer = await api.get(`jobs/${job}`);
    if (round.peek().job !== job) return;
    candidates.value = answer.pictures;
    if (answer.state === "failed") tell(new ApiError(200, answer.error));
    if (answer.state === "failed" || (answer.state === "cancelled" && answer.pictures.length === 0)) leaveRound();
  } catch (error) {
    const isGone = error instanceof ApiError && error.status === 404; // not where the page is being left
    if (isGone && round.peek().job === job) leaveRound();
  }
}

/** Forget the pictures that were not accepted; they stay in the gallery. */
export function leaveRound() {
  round.value = { job: "", chosen: 0 };
  candidates.value = [];
  easel.shown.value = null;
}

/** Show a picture of the round, or none (-1). @param {number} index */
export function look(index) {
  round.value = { ...round.peek(), chosen: index };
}

/** The shown picture becomes what is worked on. */
export async function accept() {
  const picture = candidates.peek()[round.peek().chosen];
  const document = easel.work.peek();
  if (!picture || document === null) return;
  try {
    const { raster } = await readPicture(await blobOf({ picture }), Infinity);
    document.replaceBase(baseOf(raster, picture.id), "accept");
    leaveRound();
    stepped(easel);
  } catch (error) {
    toastError(error);
  }
}

/** What "only masked" draws of a document, null where all of it is drawn. @param {CanvasDocument} document */
export function frameOf(document) {
  const { only_masked, padding, mask_blur, mask_grow } = settings.peek();
  const masked = document.hasMask || Object.values(document.borders).some((pixels) => pixels > 0);
  if (!only_masked || !masked) return null;
  const shape = { invert: false, grow: document.hasMask ? mask_grow : 0, blur: mask_blur };
  const { redraw } = inpaintMasks(document.mask, shape, document.borders);
  return onlyMaskedFrame(redraw, padding, drawnSize(settings.peek(), model.peek().size ?? 512));
}
