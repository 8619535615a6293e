/** The words of an animation as blocks: each holds from its frame to the next. */

/** @typedef {{frame: number, prompt: string, negative: string}} Block */

const NEGATIVE = /(?:^|\s)--neg(?:\s|$)/;

/** The blocks that `animation_prompts` says; null where frames are written as expressions. @param {string} text @returns {Block[] | null} */
export function parsePrompts(text) {
  const bare = text.trim();
  if (!bare) return [];
  if (!/^(?:\{|\[\s*[[\]])/.test(bare)) return [block(0, text)];
  try {
    const read = JSON.parse(bare);
    const pairs = Array.isArray(read) ? read : Object.entries(read);
    const blocks = pairs.map(([frame, words]) => block(Number(frame), String(words)));
    return blocks.every((one) => Number.isInteger(one.frame)) ? inOrder(blocks) : null;
  } catch {
    return null;
  }
}

/** Spaces at the end are kept: somebody types on. @param {number} frame @param {string} text @returns {Block} */
function block(frame, text) {
  const [prompt = "", negative = ""] = text.split(NEGATIVE);
  return { frame, prompt, negative };
}

/** @param {Block[]} blocks */
function inOrder(blocks) {
  return [...blocks].sort((a, b) => a.frame - b.frame);
}

/** The inverse of `parsePrompts`. @param {Block[]} blocks @returns {string} */
export function promptsText(blocks) {
  const written = blocks.map(({ frame, prompt, negative }) => [
    String(frame),
    negative.trim() ? `${prompt} --neg ${negative}` : prompt,
  ]);
  return JSON.stringify(Object.fromEntries(written));
}

/** The block that holds at `frame`. @param {Block[]} blocks @param {number} frame */
export function blockAt(blocks, frame) {
  let place = 0;
  while (place + 1 < blocks.length && /** @type {Block} */ (blocks[place + 1]).frame <= frame) place += 1;
  return place;
}

/** `blocks` with one more at `frame`, which begins with the words that hold there. @param {Block[]} blocks @param {number} frame */
export function withBlock(blocks, frame) {
  const there = blocks.findIndex((one) => one.frame === frame);
  if (there >= 0) return { blocks, place: there };
  const made = { ...(blocks[blockAt(blocks, frame)] ?? { prompt: "", negative: "" }), frame };
  const all = inOrder([...blocks, made]);
  return { blocks: all, place: all.indexOf(made) };
}

/** `blocks` with the one at `place` begun at `frame`; the first one begins the film. @param {Block[]} blocks @param {number} place @param {number} frame @param {number} last */
export function movedBlock(blocks, place, frame, last) {
  if (place === 0) return blocks;
  const low = (blocks[place - 1]?.frame ?? 0) + 1;
  const high = (blocks[place + 1]?.frame ?? last + 1) - 1;
  const at = Math.min(Math.max(Math.round(frame), low), Math.max(high, low));
  return changedBlock(blocks, place, { frame: at });
}

/** @param {Block[]} blocks @param {number} place @param {Partial<Block>} change */
export function changedBlock(blocks, place, change) {
  return blocks.map((one, at) => (at === place ? { ...one, ...change } : one));
}

/** `blocks` without the one at `place`; the next one takes the beginning where the first is gone. @param {Block[]} blocks @param {number} place */
export function withoutBlock(blocks, place) {
  if (blocks.length < 2) return blocks;
  const rest = blocks.filter((_, at) => at !== place);
  return changedBlock(rest, 0, { frame: 0 });
}
