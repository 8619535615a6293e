/** What is done to pictures: starred, rated, thrown away and put back, drawn again, given to other views. */
import { api } from "../../core/api.js";
import { handIn } from "../../core/events.js";
import { sendTo } from "../../core/handoff.js";
import { t } from "../../core/words.js";
import { confirm } from "../../parts/dialog.js";
import { toast, toastError } from "../../parts/toast.js";
import { changeHere, chooseNone, refreshSoon } from "./list.js";

/** @typedef {import("./pages.js").Picture} Picture */

/** @param {() => Promise<any>} act */
async function tried(act) {
  try {
    return await act();
  } catch (error) {
    toastError(error);
    refreshSoon();
    return undefined;
  }
}

/** @param {number[]} pictures @param {Record<string, any>} fields */
const change = (pictures, fields) => api.patch("pictures", { pictures, ...fields });

/** Star pictures; where all of them are starred, take the stars away. @param {Picture[]} pictures */
export function star(pictures) {
  const starred = pictures.some((one) => !one.starred);
  return mark(
    pictures.map((one) => one.id),
    { starred },
  );
}

/** @param {number[]} ids @param {{starred?: boolean, rating?: number}} fields */
export function mark(ids, fields) {
  changeHere(ids, fields);
  return tried(() => change(ids, fields));
}

/** Into the trash, with a way back. @param {number[]} ids */
export function discard(ids) {
  return tried(async () => {
    const { changed } = await change(ids, { trash: true });
    chooseNone();
    refreshSoon();
    toast(t("gallery.trashed", { count: changed }), {
      action: { label: t("common.undo"), run: () => void putBack(ids) },
    });
  });
}

/** @param {number[]} ids */
export function putBack(ids) {
  return tried(async () => {
    const { changed } = await change(ids, { trash: false });
    chooseNone();
    refreshSoon();
    toast(t("gallery.restored", { count: changed }), { kind: "ok", seconds: 3 });
  });
}

/** @param {number} count */
export async function emptyTrash(count) {
  const question = {
    title: t("gallery.empty_trash"),
    text: t("gallery.empty_trash.text", { count }),
    yes: t("gallery.empty_trash.yes"),
    danger: true,
  };
  if (!(await confirm(question))) return;
  await tried(async () => {
    const { changed } = await api.delete("pictures/trash");
    refreshSoon();
    toast(t("gallery.trash_emptied", { count: changed }), { kind: "ok" });
  });
}

/** What a picture says about how it was made. @param {Picture} picture @param {{signal?: AbortSignal}} [options] */
export const recipeOf = (picture, options) => api.get(`pictures/${picture.id}/recipe`, options);

/** Draw the same picture again. @param {any} recipe */
export function again(recipe) {
  return tried(async () => {
    await handIn({ ...recipe.request, num: 1 });
    toast(t(recipe.digest ? "gallery.again.queued" : "gallery.again.like"), { kind: "ok" });
  });
}

/** Draw with the same settings and another seed. @param {any} recipe */
export function variation(recipe) {
  return tried(async () => {
    const { seed: _, ...request } = recipe.request;
    await handIn({ ...request, num: 1 });
    toast(t("gallery.variation.queued"), { kind: "ok" });
  });
}

/** Give the settings to Draw; those of a sheet to Grids. @param {any} recipe */
export const useSettings = (recipe) => sendTo(recipe.mode === "grid" ? "grids" : "draw", { request: recipe.request });

/** @param {string} view @param {Picture} picture @param {string} [as] */
export const send = (view, picture, as) => sendTo(view, { picture, ...(as ? { as } : {}) });

/** Save the files of pictures, one after the other. @param {Picture[]} pictures */
export async function download(pictures) {
  for (const picture of pictures) {
    const link = document.createElement("a");
    link.href = `${picture.file}?download=true`;
    link.download = picture.name;
    link.click();
    if (pictures.length > 1) await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
