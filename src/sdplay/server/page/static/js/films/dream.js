/** A dream as a strip of cards: each a key picture, and how long it takes from it to the next. */

/**
 * `seconds`: from this key to the next; `hold`: the part of that which stands still.
 * @typedef {{id: string, prompt: string, negative: string, seed: number, seconds: number, hold: number, picture: any}} Card
 * `picture`: how it was drawn before, and what from: {id, url, of}.
 * @typedef {{cards: Card[], fps: number, loop: boolean, fields: Record<string, any>}} Dream
 */

export const USUAL_SECONDS = 2;
const LARGEST_SEED = 2 ** 32;
const SHORTEST = 0.04; // seconds
const LONGEST = 3600;
const QUARTER = 0.25;
const A_SECOND = 24; // pixels wide
const NARROWEST = 108;
const WIDEST = 300;

/** @param {number} seconds from one key to the next */
export function lengthOf(seconds) {
  return Math.min(Math.max(Number(seconds.toFixed(3)), SHORTEST), LONGEST);
}

/** How wide a length is between two cards, in pixels; very long ones are all the same. @param {number} seconds */
export function widthOf(seconds) {
  return Math.round(Math.min(Math.max(60 + A_SECOND * seconds, NARROWEST), WIDEST));
}

/**
 * A length whose end is dragged, by whole quarters of a second; `free` frame by frame.
 * @param {number} seconds  before @param {number} pixels @param {number} fps @param {boolean} [free]
 */
export function draggedLength(seconds, pixels, fps, free = false) {
  const step = free ? 1 / fps : QUARTER;
  return lengthOf(Math.max(Math.round((seconds + pixels / A_SECOND) / step), 1) * step);
}

/** @param {Partial<Card>} [given] @param {() => number} [random] @returns {Card} */
export function newCard(given = {}, random = Math.random) {
  return {
    id: Math.floor(random() * 2 ** 48).toString(36),
    prompt: "",
    negative: "",
    seed: Math.floor(random() * LARGEST_SEED),
    seconds: USUAL_SECONDS,
    hold: 0,
    picture: null,
    ...given,
  };
}

/** Frames from key to key, at least one. @param {number} seconds @param {number} fps */
export function framesOf(seconds, fps) {
  return Math.max(Math.round(seconds * fps), 1);
}

/** The frame of each key, and how many frames there are. @param {Dream} dream */
export function timing({ cards, fps, loop }) {
  const frames = [];
  let at = 0;
  for (const card of cards) {
    frames.push(at);
    at += framesOf(card.seconds, fps);
  }
  const total = loop ? at : (frames.at(-1) ?? 0) + 1;
  return { frames, total, seconds: total / fps };
}

/** The job that draws it. @param {Dream} dream @returns {Record<string, any>} */
export function dreamRequest(dream) {
  const { frames, total } = timing(dream);
  const oneSeed = dream.fields.interpolate === "prompt";
  const keyframes = dream.cards.map((card, at) => ({
    frame: frames[at],
    prompt: card.prompt,
    seed: oneSeed ? dream.cards[0]?.seed : card.seed,
    ...(card.negative.trim() ? { negative: card.negative } : {}),
    ...(card.hold ? { hold: card.hold } : {}),
  }));
  return {
    mode: "dream",
    ...dream.fields,
    keyframes,
    num: total,
    fps: String(dream.fps),
    ...(dream.loop ? { loop: true } : {}),
  };
}

/** The picture of a card: the same, bit for bit, as the film's frame there. @param {Dream} dream @param {Card} card */
export function cardRequest(dream, card) {
  const names = ["model", "width", "height", "steps", "guidance_scale", "sampler", "schedule", "negative_prompt"];
  const shared = Object.fromEntries(
    names.filter((name) => name in dream.fields).map((name) => [name, dream.fields[name]]),
  );
  const negative = card.negative.trim() ? { negative_prompt: card.negative } : {};
  return { mode: "txt2img", ...shared, ...negative, prompt: card.prompt, seed: card.seed };
}

/** What the picture of a card is drawn from, to see whether it still is that. @param {Dream} dream @param {Card} card */
export function cardKey(dream, card) {
  return JSON.stringify(cardRequest(dream, card));
}

/** @param {Card[]} cards @param {number} from @param {number} to @returns {Card[]} */
export function movedCard(cards, from, to) {
  const rest = cards.filter((_, at) => at !== from);
  const card = cards[from];
  return card ? [...rest.slice(0, to), card, ...rest.slice(to)] : cards;
}

/** @param {Card[]} cards @param {number} at @param {Card} card */
export function withCard(cards, at, card) {
  return [...cards.slice(0, at), card, ...cards.slice(at)];
}

/** The strip of a job that was drawn or read from a file. @param {Record<string, any>} request @returns {Dream} */
export function fromRequest(request) {
  const {
    mode: _,
    prompts,
    keyframes,
    seeds,
    seed,
    num,
    frames_per_key: every,
    fps,
    loop,
    hold = 0,
    ...fields
  } = request;
  const rate = numberOf(fps ?? "24");
  const keys = keyframes?.length
    ? keyframes
    : spread(prompts ?? [], { every, num: num ?? 120, loop: Boolean(loop), seeds: seeds ?? [], seed: seed ?? 0 });
  const cards = keys.map((/** @type {any} */ key, /** @type {number} */ at) => {
    const next = keys[at + 1]?.frame ?? (loop ? (num ?? key.frame + rate) : key.frame + rate * USUAL_SECONDS);
    const seconds = Math.max(next - key.frame, 1) / rate;
    const given = { prompt: key.prompt, negative: key.negative ?? "", seconds, hold: key.hold ?? hold };
    return newCard({ ...given, seed: key.seed ?? (seed ?? 0) + at });
  });
  const known = Object.entries(fields).filter(([name]) => name !== "format" && name !== "frames" && name !== "preview");
  return { cards, fps: rate, loop: Boolean(loop), fields: Object.fromEntries(known) };
}

/**
 * The keys of a list of prompts where they stand by themselves.
 * @param {string[]} prompts @param {{every?: number, num: number, loop: boolean, seeds: number[], seed: number}} how
 */
function spread(prompts, { every, num, loop, seeds, seed }) {
  const words = prompts.length === 1 ? [prompts[0], prompts[0]] : prompts;
  const apart = every ?? (loop ? num / words.length : (num - 1) / Math.max(words.length - 1, 1));
  return words.map((prompt, at) => ({ frame: Math.round(at * apart), prompt, seed: seeds[at] ?? seed + at }));
}

/** A rate as it is written: "24", "30000/1001". @param {string} text */
export function numberOf(text) {
  const [top = "24", bottom = "1"] = String(text).split("/");
  return Number(top) / Number(bottom) || 24;
}
