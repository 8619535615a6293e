import assert from "node:assert/strict";
import test from "node:test";
import { donePart, secondsLeft } from "../../src/sdplay/server/page/static/js/core/pace.js";
import { completed, offers, placesAt } from "../../src/sdplay/server/page/static/js/prompts/complete.js";
import { added, Walk } from "../../src/sdplay/server/page/static/js/prompts/history.js";
import { notesOf } from "../../src/sdplay/server/page/static/js/prompts/notes.js";
import { entriesOf } from "../../src/sdplay/server/page/static/js/prompts/sources.js";
import { weigh } from "../../src/sdplay/server/page/static/js/prompts/weights.js";
import { described, unplaced } from "../../src/sdplay/server/page/static/js/views/draw/more.js";
import { BEGIN, requestOf, settingsOf } from "../../src/sdplay/server/page/static/js/views/draw/settings.js";
import { ratioOf, sized } from "../../src/sdplay/server/page/static/js/views/draw/sizes.js";
import { moves, placed } from "../../src/sdplay/server/page/static/js/views/queue/order.js";

/** The text with the selection marked by |. @param {string} marked @param {number} change */
function weighed(marked, change) {
  const start = marked.indexOf("|");
  const end = marked.lastIndexOf("|");
  const text = marked.replaceAll("|", "");
  const edited = weigh(text, start, start === end ? start : end - 1, change);
  return edited?.text;
}

test("weights go up and down by keys", () => {
  assert.equal(weighed("a r|ed apple", 0.1), "a (red:1.1) apple");
  assert.equal(weighed("a (r|ed:1.1) apple", 0.1), "a (red:1.2) apple");
  assert.equal(weighed("a (r|ed:1.1) apple", -0.1), "a red apple");
  assert.equal(weighed("a r|ed apple", -0.1), "a (red:0.9) apple");
  assert.equal(weighed("|red apple| on a table", 0.1), "(red apple:1.1) on a table");
  assert.equal(weighed("| red |apple", 0.1), " (red:1.1) apple");
  assert.equal(weighed("x <lora:fra|med:0.8>", 0.1), "x <lora:framed:0.9>");
  assert.equal(weighed("x <lora:framed:1|>", -0.1), "x <lora:framed:0.9>");
  assert.equal(weighed("ein rot|er Apfel, 赤い", 0.1), "ein (roter:1.1) Apfel, 赤い");
  assert.equal(weighed("a , | b", 0.1), undefined);
});

test("what is selected stays selected", () => {
  const once = weigh("a red apple", 2, 5, 0.1);
  assert.deepEqual(once, { text: "a (red:1.1) apple", start: 3, end: 6 });
  assert.equal(once && weigh(once.text, once.start, once.end, 0.1)?.text, "a (red:1.2) apple");
});

/** @type {import("../../src/sdplay/server/page/static/js/prompts/complete.js").Entry[]} */
const entries = [
  { text: "apple", kind: "thing" },
  { text: "pineapple", kind: "thing" },
  { text: "orange fruit", kind: "thing" },
  { text: "3d render", kind: "word" },
  { text: "framed", kind: "lora" },
  { text: "deep/fruit", kind: "wildcard" },
  { text: "Neon", kind: "style" },
];
/** @param {string} text */
const offered = (text) => offers(placesAt(text, text.length), entries).map(({ entry }) => entry.text);

test("what could be meant is offered", () => {
  assert.deepEqual(offered("a red ap"), ["apple"]);
  assert.deepEqual(offered("orange fr"), ["orange fruit"]);
  assert.deepEqual(offered("a fox, rend"), ["3d render"]);
  assert.deepEqual(offered("a <"), ["framed"]);
  assert.deepEqual(offered("a <lora:fr"), ["framed"]);
  assert.deepEqual(offered("a <lora:framed:0."), []);
  assert.deepEqual(offered("__fru"), ["deep/fruit"]);
  assert.deepEqual(offered("__deep/fruit__"), []);
  assert.deepEqual(offered("neo"), ["Neon"]);
  assert.deepEqual(offered("apple"), [], "what is written is not offered");
  assert.deepEqual(offered("a"), []);
});

test("what is taken is written as it has to be", () => {
  const lora = /** @type {any} */ (entries[4]);
  assert.deepEqual(completed("a <lora:fr, x", 2, 10, lora), { text: "a <lora:framed:1>, x", caret: 17 });
  assert.deepEqual(completed("__fru__ x", 0, 5, /** @type {any} */ (entries[5])), {
    text: "__deep/fruit__ x",
    caret: 14,
  });
  assert.deepEqual(completed("a cat, neo", 7, 10, /** @type {any} */ (entries[6])), { text: "a cat, ", caret: 7 });
});

test("what a model knows has the words of both languages", () => {
  const things = {
    things: [{ name: "apple", emoji: ["🍎"], synonyms: ["red apple"] }],
    names: { de: { apfel: 0, none: 7 } },
    words: { colour: ["red"] },
  };
  assert.deepEqual(
    entriesOf(things, "de").map((one) => one.text),
    ["apfel", "apple", "red apple", "red"],
  );
});

test("a request says only what was set", () => {
  assert.deepEqual(requestOf({ ...BEGIN, prompt: "x" }), { mode: "txt2img", prompt: "x" });
  const settings = {
    ...BEGIN,
    prompt: "x",
    seed: 5,
    lora: [
      { name: "framed", weight: 0.5, on: true },
      { name: "blueprint", weight: 1, on: false },
    ],
    hires: { ...BEGIN.hires, on: true },
    more: { clip_skip: 2, vae: "" },
  };
  const request = requestOf(settings);
  assert.equal(request.seed, undefined, "a seed that is not kept is new each time");
  assert.deepEqual(request.lora, ["framed:0.5"]);
  assert.equal(request.hires_scale, 2);
  assert.equal(request.clip_skip, 2);
  assert.ok(!("vae" in request));
});

test("settings of a request make that request again", () => {
  const request = {
    mode: "txt2img",
    prompt: "<b>x</b>",
    negative_prompt: "y",
    model: "m",
    width: 128,
    height: 96,
    steps: 9,
    guidance_scale: 2,
    sampler: "heun",
    schedule: "karras",
    seed: 7,
    num: 3,
    lora: ["framed:0.5"],
    style: ["Neon"],
    clip_skip: 2,
    hires_scale: 1.5,
    hires_upscaler: "lanczos",
    hires_steps: 4,
    hires_strength: 0.5,
    control_image: "abc",
    controlnet: "builtin-canny",
    control_preprocessor: "canny",
    canny_low: 50,
    canny_high: 90,
    control_scale: 0.7,
    control_start: 0.1,
    control_end: 0.9,
  };
  assert.deepEqual(requestOf(settingsOf(request)), request);
});

test("sizes keep their area and the steps that models take", () => {
  assert.deepEqual(sized(1, 512), { width: 512, height: 512 });
  assert.deepEqual(sized(16 / 9, 512), { width: 680, height: 384 });
  assert.equal(ratioOf(680, 384), "16:9");
  assert.equal(ratioOf(384, 680), "16:9");
  assert.equal(ratioOf(512, 200), undefined);
});

test("prompts that were drawn come back by keys", () => {
  const words = (/** @type {string} */ prompt) => ({ prompt, negative_prompt: "" });
  const known = ["a", "b", "a", "c"].reduce((all, prompt) => added(all, words(prompt)), /** @type {any[]} */ ([]));
  assert.deepEqual(known.map((one) => one.prompt), ["c", "a", "b"]); // biome-ignore format: short
  const walk = new Walk(() => known);
  assert.equal(walk.step(1, words("typing"))?.prompt, "c");
  assert.equal(walk.step(1, words("c"))?.prompt, "a");
  assert.equal(walk.step(-1, words("a"))?.prompt, "c");
  assert.equal(walk.step(-1, words("c"))?.prompt, "typing");
  assert.equal(walk.step(-1, words("typing")), null);
  assert.equal(new Walk(() => known).step(1, words("c"))?.prompt, "a", "what was just drawn is no step back");
});

test("fields without a place are made from their description", () => {
  assert.deepEqual(unplaced(["prompt", "seed", "clip_skip"]), ["clip_skip"]);
  const schema = { anyOf: [{ type: "integer", minimum: 1, maximum: 12 }, { type: "null" }], default: 1 };
  assert.equal(described("clip_skip", schema).kind, "number");
  assert.equal(described("anyway", { anyOf: [{ type: "boolean" }, { type: "null" }] }).kind, "switch");
  assert.equal(described("noise", { anyOf: [{ enum: ["a", "b"], type: "string" }] }).kind, "choice");
  assert.equal(described("embedding", { anyOf: [{ type: "string" }, { type: "array" }] }).kind, "list");
  assert.equal(described("latents", { anyOf: [{ type: "string" }], "x-upload": true }).kind, "file");
  assert.equal(described("format", { enum: ["png", null] }).kind, "choice");
});

test("a note that has no words of the page is said in the service's own, without its signs", () => {
  const note = { code: "new-kind", field: "x", message: "`x` is y", values: {}, words: {} };
  assert.deepEqual(notesOf([note]), [{ text: "x is y", things: false }]);
});

test("a job moves to any place in as few moves as can be", () => {
  const order = ["a", "b", "c", "d"];
  for (const id of order) {
    for (let to = 0; to < order.length; to += 1) {
      const wanted = moves(order, id, to);
      const made = wanted.reduce((now, { job, before }) => {
        const others = now.filter((one) => one !== job);
        return placed(others, job, before ? others.indexOf(before) : 0);
      }, order);
      assert.deepEqual(made, placed(order, id, to), `${id} to ${to}`);
      assert.ok(wanted.length <= 2);
    }
  }
});

test("the time that is left follows from the pace so far", () => {
  /** @type {any} */
  const job = { total: 4, done: 1, begun: 100, progress: { step: 10, steps: 20, indices: [1] } };
  assert.equal(donePart(job), 1.5);
  assert.equal(secondsLeft(job, 115), 25);
  assert.equal(secondsLeft({ ...job, done: 0, progress: null }, 115), null);
  assert.equal(secondsLeft({ ...job, progress: { done: 3, seconds_left: 7 } }), 7);
});
