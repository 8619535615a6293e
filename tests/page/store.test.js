import assert from "node:assert/strict";
import test from "node:test";
import { restored } from "../../src/sdplay/server/page/static/js/core/drafts.js";
import { meant, normal, pressed } from "../../src/sdplay/server/page/static/js/core/keys.js";
import { parse } from "../../src/sdplay/server/page/static/js/core/router.js";
import { applyEvent, withJob, withPicture, withQueue } from "../../src/sdplay/server/page/static/js/core/store.js";
import { fill, found } from "../../src/sdplay/server/page/static/js/core/words.js";

const empty = { jobs: new Map(), order: [], paused: false, pictures: [], ended: new Set(), pausedAt: 0 };
const job = {
  id: "a",
  mode: "txt2img",
  state: "queued",
  total: 2,
  done: 0,
  priority: 0,
  warnings: [],
  created: 1,
  error: null,
};

/** @param {any} state @param {[string, any][]} events */
function after(state, events) {
  return events.reduce((now, [type, data]) => applyEvent(now, { type, data: { job: "a", ...data } }).state, state);
}

test("a job goes through the queue as events tell", () => {
  const waiting = withQueue(empty, { jobs: [job], paused: false });
  assert.deepEqual(waiting.order, ["a"]);
  const running = after(waiting, [
    ["started", {}],
    ["step", { step: 3, steps: 20, preview: "data:x" }],
  ]);
  assert.equal(running.jobs.get("a")?.state, "running");
  assert.equal(running.jobs.get("a")?.progress?.step, 3);
  assert.equal(running.jobs.get("a")?.preview, "data:x");
  const drawn = after(running, [
    ["picture", { index: 0, picture: 7 }],
    ["picture", { index: 0, picture: 7 }],
  ]);
  assert.deepEqual(drawn.jobs.get("a")?.pictures, [7]);
  assert.equal(drawn.jobs.get("a")?.done, 1);
  const done = after(drawn, [["finished", { state: "failed", error: { message: "no" } }]]);
  assert.deepEqual(done.order, []);
  assert.equal(done.jobs.get("a")?.error.message, "no");
  assert.equal(waiting.jobs.get("a")?.state, "queued", "what was is not changed");
});

test("an event of a job that nobody knows asks for the queue", () => {
  for (const type of ["queued", "started", "step", "moved"]) {
    assert.deepEqual(applyEvent(empty, { type, data: { job: "b" } }).wanted, ["queue"], type);
  }
  assert.deepEqual(applyEvent(empty, { type: "reset", data: { job: "" } }).wanted, ["all"]);
  assert.deepEqual(applyEvent(empty, { type: "picture", data: { job: "b", picture: 3 } }).wanted, [{ picture: 3 }]);
});

test("pictures are in order, once each, and go when they are forgotten", () => {
  const state = [2, 5, 3, 5].reduce((now, id) => withPicture(now, { id }), /** @type {any} */ (empty));
  assert.deepEqual(
    state.pictures.map((/** @type {any} */ one) => one.id),
    [5, 3, 2],
  );
  assert.deepEqual(
    after(state, [["forgotten", { picture: 3 }]]).pictures.map((/** @type {any} */ one) => one.id),
    [5, 2],
  );
});

test("an answer that is older than what was told changes nothing back", () => {
  const answer = { jobs: [{ ...job, state: "running" }], paused: false, last_event: 5 };
  const done = after(withQueue(empty, answer), [["finished", { state: "completed" }]]);
  assert.deepEqual(withQueue(done, answer).order, []);
  assert.equal(withJob(done, job).jobs.get("a")?.state, "completed");
  assert.deepEqual(withQueue(after(done, [["queued", {}]]), answer).order, ["a"], "it was tried again");
  const { state } = applyEvent(empty, { type: "paused", data: { job: "" }, id: 7 });
  assert.equal(withQueue(state, answer).paused, true);
  assert.equal(withQueue(state, { ...answer, last_event: 8 }).paused, false);
});

test("a job that was just handed in is in the queue at once", () => {
  const state = withJob(empty, { ...job, pictures: [] });
  assert.deepEqual(state.order, ["a"]);
  assert.deepEqual(withJob(state, { ...job, state: "completed", pictures: [{ id: 4 }] }).jobs.get("a")?.pictures, [4]);
});

test("a job that was drawn before anybody knew of it is asked for, and no answer takes its pictures away", () => {
  const drawn = /** @type {[string, any][]} */ ([
    ["queued", {}],
    ["picture", { index: 0, picture: 7 }],
  ]);
  const finished = { type: "finished", data: { job: "a", state: "completed" } };
  assert.deepEqual(applyEvent(after(empty, drawn), finished).wanted, [{ job: "a" }]);
  const one = { ...job, total: 1, pictures: [] };
  assert.deepEqual(applyEvent(withJob(after(empty, drawn), one), finished).wanted, [{ job: "a" }]);
  const ended = applyEvent(withJob(after(empty, drawn), one), finished).state;
  const told = withJob(ended, { ...one, state: "completed", pictures: [{ id: 7 }] });
  assert.deepEqual(withJob(told, one), told);
  assert.deepEqual(told.jobs.get("a")?.pictures, [7]);
  assert.deepEqual(applyEvent(withJob(empty, { ...one, pictures: [{ id: 7 }] }), finished).wanted, []);
});

test("addresses", () => {
  assert.deepEqual(parse("#/gallery/12?text=a%20b"), { view: "gallery", parts: ["12"], query: { text: "a b" } });
  assert.deepEqual(parse(""), { view: "draw", parts: [], query: {} });
  assert.deepEqual(parse("#/gallery/%E0%A4%A").parts, ["%E0%A4%A"]);
});

test("drafts keep what fits", () => {
  assert.deepEqual(restored({ a: 2, b: "x", d: 1 }, { a: 1, b: 2, c: [] }), { a: 2, b: 2, c: [] });
  assert.deepEqual(restored("rubbish", { a: 1 }), { a: 1 });
  assert.equal(restored(5, null), 5);
});

/** @param {Record<string, any>} fields @returns {any} */
const typed = (fields) => ({
  key: "",
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  target: null,
  ...fields,
});

test("keys mean what they say", () => {
  assert.equal(pressed(typed({ key: "Enter", ctrlKey: true, shiftKey: true })), "Ctrl+Shift+Enter");
  assert.equal(pressed(typed({ key: "?", shiftKey: true })), "?");
  assert.equal(pressed(typed({ key: "V", shiftKey: true })), "Shift+v");
  assert.equal(normal("Shift+V"), "Shift+v");
  const groups = [
    {
      view: "x",
      keys: [
        { keys: "Ctrl+Enter", what: "", run() {} },
        { keys: "m", what: "", run() {} },
      ],
    },
  ];
  const input = { closest: () => ({ tagName: "TEXTAREA", getAttribute: () => null }) };
  assert.equal(meant(groups, typed({ key: "m", target: input })), undefined);
  assert.equal(meant(groups, typed({ key: "m" })), groups[0]?.keys[1]);
  assert.equal(meant(groups, typed({ key: "Enter", ctrlKey: true, target: input })), groups[0]?.keys[0]);
});

test("words have forms and values", () => {
  const rules = new Intl.PluralRules("en");
  const words = { "n.one": "{count} job", "n.other": "{count} jobs", plain: "<b>{name}</b>" };
  assert.equal(fill(found(words, "n", { count: 1 }, rules), { count: 1 }), "1 job");
  assert.equal(fill(found(words, "n", { count: 2 }, rules), { count: 2 }), "2 jobs");
  assert.equal(found(words, "missing", {}, rules), "missing");
  assert.equal(fill("{other}", { name: 1 }), "{other}");
});
