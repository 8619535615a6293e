/** The frames of a preview of moves as they come: number, length, JPEG, again and again. */

const HEAD = 8;

/** Puts frames together from pieces of any size. */
export class FrameReader {
  constructor() {
    /** @type {Uint8Array<ArrayBuffer>} */
    this.rest = new Uint8Array(0);
  }

  /** The frames that are whole with `piece`. @param {Uint8Array} piece @returns {{index: number, jpeg: Uint8Array<ArrayBuffer>}[]} */
  add(piece) {
    const all = new Uint8Array(this.rest.length + piece.length);
    all.set(this.rest);
    all.set(piece, this.rest.length);
    const view = new DataView(all.buffer);
    const frames = [];
    let at = 0;
    while (at + HEAD <= all.length) {
      const length = view.getUint32(at + 4, true);
      if (at + HEAD + length > all.length) break;
      frames.push({ index: view.getUint32(at, true), jpeg: all.slice(at + HEAD, at + HEAD + length) });
      at += HEAD + length;
    }
    this.rest = all.slice(at);
    return frames;
  }
}

/** Which frame is shown `seconds` after frame `start`, where the film goes round. @param {number} start @param {number} seconds @param {number} fps @param {number} frames */
export function frameAfter(start, seconds, fps, frames) {
  return (start + Math.floor(seconds * fps)) % Math.max(frames, 1);
}

/** Stretches of first and last as one long one could play from `frame` on. @param {[number, number][]} there @param {number} frame */
export function playableUntil(there, frame) {
  const found = there.find(([first, last]) => first <= frame && frame <= last);
  return found ? found[1] : -1;
}

/** Whether a frame is there. @param {[number, number][]} there @param {number} frame */
export function isThere(there, frame) {
  return playableUntil(there, frame) >= 0;
}

/** How many frames are there. @param {[number, number][]} there */
export function countThere(there) {
  return there.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The frame that is there and nearest to `frame`; null where none is. @param {[number, number][]} there @param {number} frame */
export function nearestThere(there, frame) {
  let best = /** @type {number | null} */ (null);
  for (const [first, last] of there) {
    const near = Math.min(Math.max(frame, first), last);
    if (best === null || Math.abs(near - frame) < Math.abs(best - frame)) best = near;
  }
  return best;
}
