/** A live request, and the picture that it is answered with. */

import { ApiError, address } from "../core/api.js";

const SUPERSEDED = "superseded";
const session = Math.random().toString(36).slice(2);

/**
 * @typedef {object} LivePicture
 * @property {Blob} blob
 * @property {number} seed
 * @property {number} seconds  that drawing took
 */

/** @param {Record<string, any>} request @param {AbortSignal} signal @returns {Promise<LivePicture>} */
export async function sendLive(request, signal) {
  let answer;
  try {
    answer = await fetch(`${address("live")}?session=${session}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, { code: "unreachable", message: String(error) });
  }
  if (!answer.ok) throw new ApiError(answer.status, (await answer.json()).error ?? { message: answer.statusText });
  const number = (/** @type {string} */ name) => Number(answer.headers.get(name));
  return { blob: await answer.blob(), seed: number("Sdplay-Seed"), seconds: number("Sdplay-Seconds") };
}

/** Whether something newer was asked for, which is no mistake. @param {unknown} error */
export function isSuperseded(error) {
  return error instanceof ApiError && error.code === SUPERSEDED;
}
