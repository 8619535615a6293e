/** What can be done with a picture that is shown. */
import { api } from "../../core/api.js";
import { sendTo } from "../../core/handoff.js";
import { state } from "../../core/store.js";
import { t } from "../../core/words.js";
import { confirm } from "../../parts/dialog.js";
import { toast, toastError } from "../../parts/toast.js";
import { followPicture } from "./control.js";
import { hand } from "./queue.js";
import { change, newSeed, settings, settingsOf } from "./settings.js";

/** Do something, and say it if it goes wrong. @param {() => Promise<void>} act */
async function tried(act) {
  try {
    await act();
  } catch (error) {
    toastError(error);
  }
}

/** @param {string} id */
export const cancelJob = (id) => tried(() => api.post(`jobs/${id}/cancel`));

/** The request that draws a picture again; null where nobody knows. @param {any} picture */
async function requestBehind(picture) {
  const { request } = await api.get(`pictures/${picture.id}/recipe`);
  if (!request) toast(t("draw.no_request"), { kind: "error" });
  return request;
}

/** Take over what a picture was made from: everything, or some of it. @param {any} picture @param {"all" | "prompt" | "seed" | "size" | "remix"} [what] */
export const recall = (picture, what = "all") =>
  tried(async () => {
    const request = await requestBehind(picture);
    if (!request) return;
    const found = settingsOf({ ...request, num: settings.value.num }, settings.value);
    const { prompt, negative_prompt, seed, width, height } = found;
    const parts = {
      all: found,
      prompt: { prompt, negative_prompt },
      seed: { seed, locked: true },
      size: { width, height },
      remix: { ...found, seed: null, locked: false },
    };
    change(parts[what]);
    toast(t(`draw.recalled.${what}`), { kind: "ok", seconds: 2 });
  });

/** Draw the same once more with another seed. @param {any} picture */
export const variation = (picture) =>
  tried(async () => {
    const request = await requestBehind(picture);
    if (request) await hand({ ...request, seed: newSeed(), num: 1 });
  });

/** Make a picture twice as large. @param {any} picture */
export const larger = (picture) => hand({ mode: "upscale", picture: picture.id, scale: 2 });

/** @param {any} picture */
export const copyPicture = (picture) =>
  tried(async () => {
    const blob = await (await fetch(picture.file)).blob();
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    const png = await canvas.convertToBlob({ type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    toast(t("common.copied"), { kind: "ok", seconds: 2 });
  });

/** @param {any} picture */
export const asControl = (picture) => tried(async () => followPicture(await (await fetch(picture.file)).blob()));

/** @param {string} view @param {any} picture */
export const send = (view, picture) => sendTo(view, { picture });

/** @param {any} picture */
export const deletePicture = (picture) =>
  tried(async () => {
    if (
      !(await confirm({
        title: t("draw.delete.title"),
        text: t("draw.delete.text"),
        yes: t("common.delete"),
        danger: true,
      }))
    )
      return;
    await api.delete(`pictures/${picture.id}`);
    state.value = { ...state.value, pictures: state.value.pictures.filter((one) => one.id !== picture.id) };
  });
