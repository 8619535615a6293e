/** What the next pictures of the canvas would be, told before they are drawn. */

/** @import { Base } from "../../canvas/document.js" */
import { blankPicture, pngOf } from "../../canvas/pixels.js";
import { requestOf } from "../../canvas/request.js";
import { api } from "../../core/api.js";
import { computed } from "../../core/html.js";
import { Foresight } from "../../prompts/foresight.js";
import { easel, settings } from "./settings.js";

const WHITE = /** @type {const} */ ([255, 255, 255]);

/** The upload that holds a picture's pixels, sent if there is none yet. @param {Base} base */
export async function sourceOf(base) {
  if (base.source === "") base.source = (await api.upload(await pngOf(base.raster))).id;
  return base.source;
}

/**
 * The request as it stands, as a text, so that a stroke that changes nothing in it asks for nothing. A plan depends on
 * the size of the picture and on whether there is a mask, never on what is painted: `image` is the picture's own id.
 */
const asked = computed(() => {
  void easel.steps.value;
  const document = easel.work.value;
  if (document === null) return "";
  const { base, hasMask, borders } = document;
  return JSON.stringify(requestOf(settings.value, { image: base.id, mask: hasMask ? "all" : null, borders }));
});

/** @type {Map<string, string>} uploads of masks that cover a picture, by its size */
const masks = new Map();

/** @param {{width: number, height: number}} size */
async function maskOf({ width, height }) {
  const size = `${width} ${height}`;
  const known = masks.get(size) ?? (await api.upload(await pngOf(blankPicture(width, height, WHITE)))).id;
  masks.set(size, known);
  return known;
}

/** @param {Record<string, any>} request  names its picture by its own id */
async function whole(request) {
  const base = easel.work.peek()?.bases.get(request.image);
  if (base === undefined) return request;
  const image = await sourceOf(base);
  return request.mask ? { ...request, image, mask: await maskOf(base.raster) } : { ...request, image };
}

export const foresight = new Foresight(() => (asked.value ? JSON.parse(asked.value) : null), { whole });
