import assert from "node:assert/strict";
import { test } from "node:test";
import * as axes from "../../src/sdplay/server/page/static/js/grids/axes.js";
import * as table from "../../src/sdplay/server/page/static/js/grids/table.js";
import { expanded, readList, writtenList } from "../../src/sdplay/server/page/static/js/grids/values.js";

/** @typedef {import("../../src/sdplay/server/page/static/js/grids/axes.js").Facts} Facts */

/** @param {string} field @param {Facts["kind"]} kind @param {Record<string, any>} [more] @returns {Facts} */
const facts = (field, kind, more = {}) => ({
  ...{ field, name: field, kind, about: "", group: "basics", least: null, most: null, choices: [], modes: ["txt2img"] },
  ...more,
});
const STEPS = facts("steps", "whole", { least: 1, most: 1000 });
const GUIDANCE = facts("guidance_scale", "number", { name: "guidance" });
const PROMPT = facts("prompt", "words");
const LORA = facts("lora", "lora", { choices: ["apple", "pear"] });
const STRENGTH = facts("strength", "number", { least: 0, most: 1, modes: ["img2img", "inpaint"] });
const ALL = [LORA, STRENGTH, GUIDANCE, STEPS, PROMPT];

test("ranges come to the numbers that the service takes", () => {
  assert.deepEqual(expanded("10, 20,30", true), ["10", "20", "30"]);
  assert.deepEqual(expanded("1-5", true), ["1", "2", "3", "4", "5"]);
  assert.deepEqual(expanded("1-10 (+3)", true), ["1", "4", "7", "10"]);
  assert.deepEqual(expanded("10-5 (-3)", true), ["10", "7"]);
  assert.deepEqual(expanded("5-3", true), ["5", "4", "3"]);
  assert.deepEqual(expanded("1-7 [4]", false), ["1", "3", "5", "7"]);
  assert.deepEqual(expanded("0.2-1 [5]", false), ["0.2", "0.4", "0.6", "0.8", "1"]);
  assert.deepEqual(expanded("1-10 [4]", true), ["1", "4", "7", "10"]);
  assert.deepEqual(expanded("-3--1", true), ["-3", "-2", "-1"]);
  assert.deepEqual(expanded("0-1 (0.1)", false).length, 11);
  assert.deepEqual(expanded("4, 1-2 | 9", true), ["4, 1-2", "9"]);
});

test("what is no number stays as it is, and nothing is nothing", () => {
  assert.deepEqual(expanded("5, x", true), ["5", "x"]);
  assert.deepEqual(expanded("1-5 (-1)", true), ["1-5 (-1)"]);
  assert.deepEqual(expanded("1-5 (0)", true), ["1-5 (0)"]);
  assert.deepEqual(expanded("", true), []);
  assert.deepEqual(expanded("  ", true), []);
  assert.equal(expanded("1-999999999", true).length, 1000);
});

test("lists are written so that they are read again as they were", () => {
  const lists = [["a"], ["castle", "house"], ["a, b", "[c|d]"], ['say "no"', "", "x"], ["1-5"], ["a|b"], [" a ", "b"]];
  for (const list of lists)
    assert.deepEqual(
      readList(writtenList(list)),
      list.map((one) => one.trim()),
    );
  assert.deepEqual(readList("blurry|"), ["blurry", ""]);
  assert.deepEqual(readList('"a, b", c'), ["a, b", "c"]);
});

test("axes are written as on the command line", () => {
  const { axisOf, written } = axes;
  assert.equal(written(axisOf("steps", { text: " 1-5 " }), STEPS), "steps=1-5");
  assert.equal(written(axisOf("guidance_scale", { text: "3,5" }), GUIDANCE), "guidance=3,5");
  assert.equal(written(axisOf("prompt", { values: ["cat", "a, b"] }), PROMPT), 'prompt=cat|"a, b"');
  assert.equal(written(axisOf("prompt", { values: ["", " "] }), PROMPT), null);
  assert.equal(written(axisOf("steps"), STEPS), null);
  const lora = axisOf("lora", { values: ["apple", "pear"], text: "0.5-1 [2]", without: true });
  assert.equal(written(lora, LORA), "lora=|apple:0.5|apple:1|pear:0.5|pear:1");
  assert.equal(written({ ...lora, text: "", without: false }, LORA), "lora=apple|pear");
});

test("axes of a grid are taken up again", () => {
  const { axisFrom, axisOf, written } = axes;
  assert.deepEqual(axisFrom("guidance=1-7 [4]", ALL), axisOf("guidance_scale", { text: "1-7 [4]" }));
  assert.deepEqual(axisFrom("prompt=cat|dog=x", ALL), axisOf("prompt", { values: ["cat", "dog=x"] }));
  assert.equal(axisFrom("nothing=1", ALL), null);
  assert.equal(axisFrom("steps", ALL), null);
  for (const text of ["steps=1,2", "lora=|apple:0.5|pear", 'prompt="a, b"|c']) {
    const known = /** @type {Facts} */ (ALL.find((one) => text.startsWith(one.name)));
    assert.equal(written(/** @type {any} */ (axisFrom(text, ALL)), known), text);
  }
});

test("what is offered is what the request has, the usual things first", () => {
  const names = (/** @type {Record<string, any>} */ base) => axes.offered(ALL, base).map((one) => one.field);
  assert.deepEqual(names({}), ["prompt", "steps", "guidance_scale", "lora"]);
  assert.deepEqual(names({ image: "x" }), ["strength"]);
  assert.equal(axes.modeOf({ image: "x", mask: "y" }), "inpaint");
});

test("a field that is chosen comes with values that can be drawn", () => {
  const of = (/** @type {Facts} */ one, base = {}) => axes.valuesOf(axes.proposed(one, base, 512), one);
  assert.deepEqual(of(STEPS), ["5", "10", "20"]);
  assert.deepEqual(of(STRENGTH), ["0.4", "0.6", "0.8"]);
  assert.deepEqual(of(LORA), ["apple:0.4", "apple:0.7", "apple:1"]);
  assert.deepEqual(of(PROMPT, { prompt: "the castle, 3d render" })[0], "castle");
  assert.deepEqual(of(facts("size", "size")), ["512", "512x768"]);
  assert.deepEqual(of(facts("x", "number", { least: 0, most: 1 })), ["0", "0.5", "1"]);
  assert.deepEqual(of(facts("anyway", "switch")), ["no", "yes"]);
});

test("phrases of a prompt are its words and its parts", () => {
  assert.deepEqual(axes.phrases("a castle, 3d render"), ["castle", "render", "a castle", "3d render"]);
  assert.deepEqual(axes.phrases(""), []);
});

test("keys go from cell to cell and stop at the edges", () => {
  const shape = { columns: 3, rows: 2, blocks: 2 };
  const at = (/** @type {number} */ cell, /** @type {string} */ key) => table.stepped(shape, cell, key);
  assert.deepEqual(
    ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "PageDown", "PageUp", "Home", "End"].map((key) => at(4, key)),
    [5, 4, 3, 1, 10, 4, 3, 5],
  );
  assert.equal(at(5, "ArrowRight"), 5);
  assert.equal(at(0, "a"), undefined);
  for (let cell = 0; cell < 12; cell += 1) assert.equal(table.cellAt(shape, table.placeOf(shape, cell)), cell);
});

test("a cell is done, drawn, waits, or is missing", () => {
  const pictures = new Map([[0, {}]]);
  const state = (/** @type {number} */ number, /** @type {any} */ job) => table.stateOf(number, pictures, job);
  const running = { state: "running", progress: { indices: [1] } };
  assert.deepEqual(
    [0, 1, 2].map((number) => state(number, running)),
    ["done", "drawing", "waiting"],
  );
  assert.equal(state(1, { state: "queued" }), "waiting");
  assert.equal(state(1, { state: "cancelled", progress: null }), "missing");
});

test("a cell knows the value of each axis", () => {
  const grid = {
    ...{ columns: 2, rows: 2, blocks: 2 },
    axes: [
      { name: "steps", field: "steps", values: ["1", "2"] },
      { name: "guidance", field: "guidance_scale", values: ["3", "5"] },
      { name: "seed", field: "seed", values: ["7", "8"] },
    ],
  };
  assert.deepEqual(
    table.valuesAt(grid, 5).map((one) => one.value),
    ["2", "3", "8"],
  );
});

test("cells are as large as all are seen, but not too small and not too large", () => {
  const limits = { least: 70, enough: 150, most: 400 };
  /** @param {number} width @param {number} height @param {number} columns @param {number} rows */
  const fit = (width, height, columns, rows) => table.fittingCell({ width, height }, { columns, rows }, 1, limits);
  assert.equal(fit(1000, 600, 3, 3), 200);
  assert.equal(fit(1000, 300, 3, 3), 150);
  assert.equal(fit(260, 600, 3, 3), 86);
  assert.equal(fit(100, 600, 3, 3), 70);
  assert.equal(fit(2000, 2000, 1, 1), 400);
});
