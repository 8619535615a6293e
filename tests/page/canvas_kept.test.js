import assert from "node:assert/strict";
import { test } from "node:test";
import { CanvasDocument } from "../../src/sdplay/server/page/static/js/canvas/document.js";
import { Keeper } from "../../src/sdplay/server/page/static/js/canvas/keeper.js";
import { makeRaster } from "../../src/sdplay/server/page/static/js/canvas/raster.js";
import {
  extendText,
  liveRequestOf,
  modeOf,
  requestOf,
  room,
  snapped,
  USUAL_SETTINGS,
} from "../../src/sdplay/server/page/static/js/canvas/request.js";
import {
  begin,
  inkOf,
  readColour,
  USUAL_TOOL,
  writeColour,
} from "../../src/sdplay/server/page/static/js/canvas/tools.js";

const NO_BORDERS = { left: 0, top: 0, right: 0, bottom: 0 };
const INPUTS = { image: "picture", mask: null, borders: NO_BORDERS };

/** @param {string} id @param {number} [side] */
function base(id, side = 96) {
  const raster = makeRaster(side, side, 4);
  raster.data.fill(255);
  return { id, raster, source: "", picture: 0 };
}

/** A shelf in memory that copies what it is given, as the browser's does. */
function memory() {
  /** @type {Map<string, any>} */
  const parts = new Map();
  let written = 0;
  return {
    parts,
    get written() {
      return written;
    },
    read: async (/** @type {readonly string[]} */ names) => names.map((name) => structuredClone(parts.get(name))),
    write: async (/** @type {ReadonlyMap<string, any>} */ puts, /** @type {readonly string[]} */ deletes) => {
      for (const [name, value] of puts) parts.set(name, structuredClone(value));
      for (const name of deletes) parts.delete(name);
      written += puts.size;
    },
  };
}

/** @param {CanvasDocument} document @param {number} at @param {Partial<typeof USUAL_TOOL>} [tool] */
function paintAt(document, at, tool = {}) {
  const gesture = begin(document, { ...USUAL_TOOL, ...tool }, { x: at, y: at, pressure: 1 }, false);
  gesture.to({ x: at + 20, y: at, pressure: 1 });
  gesture.end();
}

test("a document comes back with its layers and every step, undone ones too", async () => {
  const shelf = memory();
  const document = new CanvasDocument(base("first"));
  paintAt(document, 10);
  document.replaceBase(base("second", 120), "accept");
  paintAt(document, 30, { layer: "paint" });
  paintAt(document, 50);
  document.undo();
  await new Keeper(shelf, "one").save(document);
  const back = /** @type {CanvasDocument} */ (await new Keeper(shelf, "one").load());
  assert.deepEqual(back.paint, document.paint);
  assert.deepEqual(back.size, { width: 120, height: 120 });
  assert.equal(back.history.canRedo, true);
  back.goTo(1);
  assert.equal(back.base.id, "first");
  assert.equal(back.hasMask, true);
  back.goTo(4);
  document.redo();
  assert.deepEqual(back.mask, document.mask);
});

test("only what is new is written, and what is gone is deleted", async () => {
  const shelf = memory();
  const keeper = new Keeper(shelf, "one");
  const document = new CanvasDocument(base("first"), { steps: 3 });
  for (let at = 0; at < 3; at++) paintAt(document, 10 * at);
  await keeper.save(document);
  const before = shelf.written;
  paintAt(document, 50);
  await keeper.save(document);
  assert.equal(shelf.written - before, 3); // a step, the mask, the list
  assert.deepEqual([...shelf.parts.keys()].filter((name) => name.includes("step")).length, 3);
});

test("what is broken or of another version is not there", async () => {
  const shelf = memory();
  assert.equal(await new Keeper(shelf, "one").load(), null);
  const keeper = new Keeper(shelf, "one");
  await keeper.save(new CanvasDocument(base("first")));
  shelf.parts.delete("one/base/first");
  assert.equal(await new Keeper(shelf, "one").load(), null);
  await keeper.save(new CanvasDocument(base("first")));
  await keeper.forget();
  assert.deepEqual(
    [...shelf.parts.keys()].filter((name) => !name.includes("base")),
    [],
  );
});

test("a mask or a moved edge makes it inpainting", () => {
  assert.equal(modeOf(INPUTS), "img2img");
  assert.equal(modeOf({ ...INPUTS, mask: "mask" }), "inpaint");
  assert.equal(modeOf({ ...INPUTS, borders: { ...NO_BORDERS, left: 8 } }), "inpaint");
});

test("what is not set is left out, and what is of masks where there is none", () => {
  const settings = { ...USUAL_SETTINGS, prompt: "a pear", seed: 0 };
  const plain = requestOf(settings, INPUTS);
  assert.equal(plain.seed, 0);
  for (const name of ["mask_blur", "fill", "only_masked", "padding", "steps", "lora", "model", "mask", "extend"]) {
    assert.ok(!(name in plain), name);
  }
  const masked = requestOf(settings, { ...INPUTS, mask: "mask", borders: { ...NO_BORDERS, left: 64, bottom: 8 } });
  assert.deepEqual(
    [masked.mask, masked.extend, masked.only_masked, masked.mask_blur],
    ["mask", "left=64,bottom=8", true, 4],
  );
});

test("an empty prompt is sent: the service says what it thinks of it", () => {
  assert.equal(requestOf({ ...USUAL_SETTINGS }, INPUTS).prompt, "");
});

test("a live request draws one picture", () => {
  assert.ok(!("num" in liveRequestOf({ ...USUAL_SETTINGS, prompt: "a pear" }, INPUTS)));
});

test("edges move by eights, and no further than a picture may be", () => {
  assert.equal(snapped(13, 100), 16);
  assert.equal(snapped(-40, 100), 0);
  assert.equal(snapped(500, 100), 96);
  assert.equal(room({ width: 100, height: 50 }, { ...NO_BORDERS, left: 20, right: 30 }, "left", 200), 70);
  assert.equal(extendText(NO_BORDERS), "");
});

test("a rectangle and a lasso ink when they end, and show their outline before", () => {
  for (const name of /** @type {const} */ (["rectangle", "lasso"])) {
    const document = new CanvasDocument(base("first"));
    const gesture = begin(document, { ...USUAL_TOOL, name }, { x: 10, y: 10, pressure: 1 }, false);
    gesture.to({ x: 60, y: 10, pressure: 1 });
    gesture.to({ x: 60, y: 60, pressure: 1 });
    assert.equal(document.hasMask, false);
    assert.ok(gesture.outline().length >= 3);
    gesture.end();
    assert.equal(document.mask.data[20 * 96 + 50], 255);
  }
});

test("the bucket fills by colour in paint, and by the outline in the mask", () => {
  const document = new CanvasDocument(base("first"));
  paintAt(document, 40, { name: "fill" });
  assert.ok(document.mask.data.every((value) => value === 255));
  paintAt(document, 40, { name: "fill", layer: "paint" });
  assert.ok(document.paint.data.every((_, at) => document.paint.data[at - (at % 4) + 3] === 255));
});

test("holding the eraser end of a pen erases with the brush", () => {
  assert.equal(inkOf({ ...USUAL_TOOL }, true).erase, true);
  const document = new CanvasDocument(base("first"));
  begin(document, { ...USUAL_TOOL, name: "fill" }, { x: 1, y: 1, pressure: 1 }, false).end();
  begin(document, { ...USUAL_TOOL }, { x: 48, y: 48, pressure: 1 }, true).end();
  assert.equal(document.mask.data[48 * 96 + 48], 0);
});

test("colours are read and written", () => {
  assert.deepEqual(readColour("#e4572e"), [228, 87, 46]);
  assert.equal(writeColour([228, 87, 6]), "#e45706");
});
