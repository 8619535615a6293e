import assert from "node:assert/strict";
import { test } from "node:test";
import * as dream from "../../src/sdplay/server/page/static/js/films/dream.js";
import { begun, redone, settled, stepped, undone } from "../../src/sdplay/server/page/static/js/films/history.js";
import {
  FrameReader,
  frameAfter,
  isThere,
  nearestThere,
} from "../../src/sdplay/server/page/static/js/films/motionstream.js";
import * as prompts from "../../src/sdplay/server/page/static/js/films/prompts.js";
import * as schedule from "../../src/sdplay/server/page/static/js/films/schedule.js";
import {
  gridLines,
  snapped,
  ticks,
  timecode,
  valueRange,
} from "../../src/sdplay/server/page/static/js/films/timescale.js";

const { parseSchedule, scheduleText } = schedule;

test("schedules are read and written as they are", () => {
  for (const text of ["0:(0), 10:(1.5) ease, 20:(-3)", "0:(1+sin(t/3))", '0:(where(t>5, 1, 2)) step, "max_f/2":(0.25)'])
    assert.equal(scheduleText(parseSchedule(text) ?? []), text);
  assert.equal(scheduleText(parseSchedule("1.25") ?? []), "0:(1.25)");
  assert.equal(scheduleText(parseSchedule(" 30: 2 , 0:((1)), ") ?? []), "0:(1), 30:(2)");
  assert.equal(scheduleText(parseSchedule('{"0": 1, "30": "1+t"}') ?? []), "0:(1), 30:(1+t)");
  assert.equal(scheduleText(parseSchedule("0:((1+t)*(2-t))") ?? []), "0:((1+t)*(2-t))");
});

test("what is no schedule is none", () => {
  for (const text of ["", "0:", ":(1)", "0:(1", "nonsense", "0:(1), x", "{"])
    assert.equal(parseSchedule(text), null, text);
});

test("values between keys are those of the service", () => {
  const keys = parseSchedule("0:(0) step, 10:(30) ease, 20:(-30)") ?? [];
  const at = [0, 5, 9, 10, 15, 19, 20, 50].map((frame) => Number(schedule.valueAt(keys, frame).toFixed(9)));
  assert.deepEqual(at, [0, 0, 0, 30, 0, -28.32, -30, -30]);
  assert.equal(schedule.valueAt(parseSchedule("5:(2), 10:(4)") ?? [], 0), 2);
  assert.equal(schedule.valueAt(parseSchedule("0:(0), 10:(4)") ?? [], 5, "step"), 0);
});

test("a key is moved between its neighbours and never over them", () => {
  const keys = parseSchedule("0:(0), 10:(1), 20:(2)") ?? [];
  assert.equal(scheduleText(schedule.movedKey(keys, 1, 45, 3, 99)), "0:(0), 19:(3), 20:(2)");
  assert.equal(scheduleText(schedule.movedKey(keys, 2, 300, 3, 99)), "0:(0), 10:(1), 99:(3)");
  assert.equal(scheduleText(schedule.withoutKey(keys.slice(0, 1), 0)), "0:(0)");
  const added = schedule.withNewKey(keys, { frame: 15, value: 7, mode: "" });
  assert.deepEqual([scheduleText(added.keys), added.place], ["0:(0), 10:(1), 15:(7), 20:(2)", 2]);
});

test("a cut is one frame at strength 1 and changes nothing else", () => {
  const keys = parseSchedule("0:(0.5)") ?? [];
  const cut = schedule.withCut(keys, 6);
  assert.equal(scheduleText(cut), "0:(0.5), 5:(0.5), 6:(1) step, 7:(0.5)");
  assert.deepEqual(
    [0, 5, 6, 7, 9].map((frame) => schedule.valueAt(cut, frame)),
    [0.5, 0.5, 1, 0.5, 0.5],
  );
  const twice = schedule.withCut(schedule.withCut(keys, 6), 6);
  assert.equal(scheduleText(twice), scheduleText(cut));
});

test("a hundred steps are undone and redone, a drag at once", () => {
  let history = begun(0);
  for (let step = 1; step <= 150; step += 1) history = stepped(history, step);
  for (let step = 0; step < 200; step += 1) history = undone(history);
  assert.equal(history.now, 50);
  for (let step = 0; step < 200; step += 1) history = redone(history);
  assert.equal(history.now, 150);
  for (const value of [151, 152, 153]) history = stepped(history, value, "drag");
  history = stepped(settled(history), 154, "drag");
  assert.equal(undone(history).now, 153);
  assert.equal(undone(undone(history)).now, 150);
  assert.deepEqual(stepped(undone(history), 9).future, []);
});

test("ticks are whole and apart, time is in seconds", () => {
  assert.deepEqual(ticks(10, 0, 30), [0, 10, 20, 30]);
  assert.deepEqual(ticks(0.5, 130, 400), [0, 200, 400]);
  assert.deepEqual([timecode(0, 24), timecode(36, 24), timecode(1800, 30)], ["0:00", "0:01.5", "1:00"]);
});

test("points hold on to beats that are near", () => {
  const beats = [0, 12.4, 24.9];
  assert.deepEqual(
    [1, 11, 13, 20, 26].map((frame) => snapped(frame, beats, 2)),
    [0, 12, 12, 20, 25],
  );
  assert.equal(snapped(7.6, [], 5), 8);
});

test("a lane shows its values with room, and parts of one as such", () => {
  assert.deepEqual(valueRange([0.5, 0.6], 0, 1), { low: 0, high: 1 });
  const range = valueRange([1, 1], 0, null);
  assert.ok(range.low < 1 && range.high > 1);
  assert.deepEqual(gridLines(0, 1), [0, 0.5, 1]);
  assert.ok(gridLines(-3.2, 7.7).includes(0));
});

test("words are blocks and back", () => {
  const text = '{"0":"a hill","30":"a lake --neg fog"}';
  const blocks = prompts.parsePrompts(text) ?? [];
  assert.deepEqual(blocks[1], { frame: 30, prompt: "a lake", negative: "fog" });
  assert.equal(prompts.promptsText(blocks), text);
  assert.deepEqual(prompts.parsePrompts("one prompt"), [{ frame: 0, prompt: "one prompt", negative: "" }]);
  assert.deepEqual(prompts.parsePrompts("[red:blue:0.5] hair")?.length, 1);
  assert.equal(prompts.parsePrompts('{"max_f/2": "a"}'), null);
  assert.equal(prompts.withBlock(blocks, 10).place, 1);
  assert.equal(prompts.movedBlock(blocks, 1, 500, 99)[1]?.frame, 99);
  assert.deepEqual(prompts.withoutBlock(blocks, 0), [{ frame: 0, prompt: "a lake", negative: "fog" }]);
});

test("a strip of cards is a dream, and a dream a strip", () => {
  const cards = ["a", "b", "c"].map((prompt, at) => dream.newCard({ prompt, seed: at + 5, seconds: 0.5 }));
  const strip = { cards, fps: 24, loop: false, fields: { steps: 9 } };
  const request = dream.dreamRequest(strip);
  assert.deepEqual(
    request.keyframes.map((/** @type {any} */ key) => key.frame),
    [0, 12, 24],
  );
  assert.deepEqual([request.num, request.steps, request.fps], [25, 9, "24"]);
  assert.equal(dream.timing({ ...strip, loop: true }).total, 36);
  const back = dream.fromRequest(request);
  assert.deepEqual(back.cards.map((card) => [card.prompt, card.seed, card.seconds]).slice(0, 2), [
    ["a", 5, 0.5],
    ["b", 6, 0.5],
  ]);
  assert.deepEqual([back.fps, back.fields], [24, { steps: 9 }]);
  const looped = dream.fromRequest({ prompts: ["x", "y"], num: 48, loop: true, seed: 3 });
  assert.deepEqual(
    looped.cards.map((card) => [card.seed, card.seconds]),
    [
      [3, 1],
      [4, 1],
    ],
  );
  assert.deepEqual(
    dream.movedCard(cards, 0, 2).map((card) => card.prompt),
    ["b", "c", "a"],
  );
});

test("a card is drawn as the film draws it", () => {
  const card = dream.newCard({ prompt: "a", seed: 7, negative: "fog" });
  const strip = { cards: [card], fps: 24, loop: false, fields: { steps: 9, easing: "ease", negative_prompt: "x" } };
  assert.deepEqual(dream.cardRequest(strip, card), {
    mode: "txt2img",
    steps: 9,
    negative_prompt: "fog",
    prompt: "a",
    seed: 7,
  });
  assert.notEqual(dream.cardKey(strip, card), dream.cardKey({ ...strip, fields: { steps: 10 } }, card));
});

test("frames are put together from any pieces", () => {
  const bytes = [];
  for (const [index, size] of [
    [3, 2],
    [4, 0],
    [70000, 5],
  ]) {
    const head = new DataView(new ArrayBuffer(8));
    head.setUint32(0, Number(index), true);
    head.setUint32(4, Number(size), true);
    bytes.push(...new Uint8Array(head.buffer), ...new Array(size).fill(index));
  }
  for (const length of [1, 3, 100]) {
    const reader = new FrameReader();
    const found = [];
    for (let at = 0; at < bytes.length; at += length)
      found.push(...reader.add(new Uint8Array(bytes.slice(at, at + length))));
    assert.deepEqual(
      found.map((one) => [one.index, one.jpeg.length]),
      [
        [3, 2],
        [4, 0],
        [70000, 5],
      ],
    );
  }
});

test("frames that are there are found", () => {
  const there = /** @type {[number, number][]} */ ([
    [0, 8],
    [20, 29],
  ]);
  assert.deepEqual(
    [isThere(there, 8), isThere(there, 9), nearestThere(there, 12), nearestThere([], 3)],
    [true, false, 8, null],
  );
  assert.equal(frameAfter(5, 1.5, 10, 12), 8);
});
