import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveLoop } from "../../src/sdplay/server/page/static/js/live/loop.js";

/** A loop whose answers are given by hand. @param {{ now?: () => number }} [options] */
function held({ now } = {}) {
  /** @type {{ request: string, answer: (value: string) => void, refuse: (error: Error) => void }[]} */
  const sent = [];
  /** @type {string[]} */
  const drawn = [];
  /** @type {unknown[]} */
  const wrong = [];
  const state = { words: "" };
  const loop = new LiveLoop({
    make: async () => state.words || null,
    send: (/** @type {string} */ request) =>
      new Promise((answer, refuse) => {
        sent.push({ request, answer, refuse });
      }),
    drawn: (/** @type {string} */ answer) => drawn.push(answer),
    wrong: (error) => wrong.push(error),
    now,
  });
  /** @param {string} words */
  const type = (words) => {
    state.words = words;
    loop.ask();
  };
  return { loop, sent, drawn, wrong, type };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("only the newest is drawn, and one at a time", async () => {
  const { sent, drawn, type } = held();
  type("a");
  await turn();
  for (const words of ["a r", "a re", "a red"]) type(words);
  await turn();
  assert.deepEqual(
    sent.map((one) => one.request),
    ["a"],
  );
  sent[0].answer("picture of a");
  await turn();
  assert.deepEqual(
    sent.map((one) => one.request),
    ["a", "a red"],
  );
  sent[1].answer("picture of a red");
  await turn();
  assert.deepEqual(drawn, ["picture of a", "picture of a red"]);
  assert.equal(sent.length, 2);
});

test("what is typed while nothing is drawn is drawn at once", async () => {
  const { sent, type } = held();
  type("a");
  await turn();
  sent[0].answer("");
  await turn();
  type("b");
  await turn();
  assert.equal(sent.length, 2);
});

test("nothing is asked where there is nothing to draw", async () => {
  const { sent, type } = held();
  type("");
  await turn();
  assert.equal(sent.length, 0);
});

test("after a mistake it goes on with the newest", async () => {
  const { sent, drawn, wrong, type } = held();
  type("a");
  await turn();
  type("b");
  sent[0].refuse(new Error("no"));
  await turn();
  sent[1].answer("b");
  await turn();
  assert.equal(wrong.length, 1);
  assert.deepEqual(drawn, ["b"]);
});

test("once it is stopped nothing comes any more", async () => {
  const { loop, sent, drawn, wrong, type } = held();
  type("a");
  await turn();
  loop.stop();
  sent[0].answer("a");
  type("b");
  await turn();
  assert.deepEqual([drawn, wrong, sent.length], [[], [], 1]);
});

test("the rate is that of the last pictures", async () => {
  let time = 0;
  const { loop, sent, type } = held({ now: () => time });
  assert.equal(loop.rate, 0);
  for (let count = 0; count < 10; count++) {
    type(`${count}`);
    await turn();
    time += count < 4 || count === 8 ? 5000 : 250;
    sent[count].answer("");
    await turn();
  }
  assert.equal(loop.rate, 4);
});
