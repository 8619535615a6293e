/** How views give each other pictures: "send to canvas", "use as the outline", "draw again". */
import { signal } from "./html.js";
import { go } from "./router.js";

/**
 * A picture of the gallery (its answer), an upload, a file, or settings to draw with.
 * @typedef {{picture?: any, upload?: any, blob?: Blob, request?: Record<string, any>, as?: string}} Given
 */

const waiting = signal(/** @type {Record<string, Given>} */ ({}));

/** Give something to a view and go there. `as` says what for, where a view takes several things. @param {string} view @param {Given} given */
export function sendTo(view, given) {
  waiting.value = { ...waiting.value, [view]: given };
  go(view);
}

/** What was given to a view, once. @param {string} view @returns {Given | undefined} */
export function takeFor(view) {
  const { [view]: given, ...rest } = waiting.value;
  if (given) waiting.value = rest;
  return given;
}

/** Whether something waits for a view; a view that is shown already looks by this. @param {string} view */
export function waitsFor(view) {
  return view in waiting.value;
}

/** The file of whatever was given. @param {Given} given @returns {Promise<Blob>} */
export async function blobOf(given) {
  if (given.blob) return given.blob;
  const url = given.picture?.file ?? (given.upload ? `${given.upload.url}/file` : "");
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.blob();
}
