import assert from "node:assert/strict";
import { test } from "node:test";
import { coverage, dabsBetween, nextSize, nextSoftness } from "../../src/sdplay/server/page/static/js/canvas/brush.js";
import { CanvasDocument } from "../../src/sdplay/server/page/static/js/canvas/document.js";
import { coverConnected, sameColour, sameSide, spread } from "../../src/sdplay/server/page/static/js/canvas/fill.js";
import { inverted } from "../../src/sdplay/server/page/static/js/canvas/mask.js";
import { makeRaster } from "../../src/sdplay/server/page/static/js/canvas/raster.js";
import { corners, coverPolygon } from "../../src/sdplay/server/page/static/js/canvas/shapes.js";
import { pack, unpack } from "../../src/sdplay/server/page/static/js/canvas/tiles.js";

/** @type {import("../../src/sdplay/server/page/static/js/canvas/ink.js").Ink} */
const LAID = { erase: false, colour: [255, 0, 0], opacity: 1 };
const TAKEN = { ...LAID, erase: true };
/** @type {((at: number) => number)[]} */
const MADE = [() => 7, (at) => (at * 7919) % 256, (at) => (at >> 6) % 3];
const HARD = { size: 20, softness: 0 };

function base(width = 200, height = 130, id = "first", value = 90) {
  const raster = makeRaster(width, height, 4);
  raster.data.fill(value);
  for (let at = 3; at < raster.data.length; at += 4) raster.data[at] = 255;
  return { id, raster, source: "", picture: 0 };
}

/** @param {number} x @param {number} y */
function touch(x, y, pressure = 1) {
  return { x, y, pressure };
}

/**
 * @param {CanvasDocument} document @param {"mask" | "paint"} layer @param {typeof LAID} ink
 * @param {{ x: number, y: number, pressure: number }} from @param {{ x: number, y: number, pressure: number }} to
 */
function line(document, layer, ink, from, to, brush = HARD) {
  const stroke = document.stroke(layer, ink, "stroke");
  stroke.to(from, brush);
  stroke.to(to, brush);
  stroke.end();
}

test("a stroke covers the pixels within its radius and no other", () => {
  const document = new CanvasDocument(base());
  line(document, "mask", LAID, touch(50, 60), touch(150, 60));
  const at = (/** @type {number} */ x, /** @type {number} */ y) => document.mask.data[y * 200 + x];
  assert.equal(at(50, 60), 255);
  assert.equal(at(100, 52), 255);
  assert.equal(at(100, 48), 0);
  assert.equal(at(165, 60), 0);
});

test("a stroke that crosses itself is laid on once", () => {
  const document = new CanvasDocument(base());
  const half = { ...LAID, opacity: 0.5 };
  const stroke = document.stroke("paint", half, "stroke");
  for (const x of [20, 100, 20, 100]) stroke.to(touch(x, 50), HARD);
  stroke.end();
  assert.equal(document.paint.data[(50 * 200 + 60) * 4 + 3], 128);
});

test("a soft brush fades to its rim, a hard one does not", () => {
  assert.equal(coverage(0, 10, 1), 1);
  assert.equal(coverage(9, 10, 0), 1);
  assert.ok(coverage(9, 10, 1) < 0.1);
  assert.equal(coverage(11, 10, 1), 0);
  let last = 1;
  for (let distance = 0; distance < 12; distance += 0.25) {
    const now = coverage(distance, 10, 0.6);
    assert.ok(now <= last);
    last = now;
  }
});

test("a light pen draws a thinner line", () => {
  const covered = (/** @type {number} */ pressure) => {
    const document = new CanvasDocument(base());
    line(document, "mask", LAID, touch(50, 60, pressure), touch(150, 60, pressure));
    return document.mask.data.reduce((sum, value) => sum + value, 0);
  };
  assert.ok(covered(0.3) < covered(1) / 2);
});

test("dabs are evenly spaced over the pieces of a stroke", () => {
  const first = dabsBetween(touch(0, 0), touch(10, 0), 20, 0);
  const second = dabsBetween(touch(10, 0), touch(20, 0), 20, first.left);
  const xs = [...first.dabs, ...second.dabs].map((dab) => dab.x);
  for (let at = 1; at < xs.length; at++) assert.ok(Math.abs(xs[at] - xs[at - 1] - 1.5) < 1e-9);
});

test("the eraser takes mask and paint away", () => {
  const document = new CanvasDocument(base());
  for (const layer of /** @type {const} */ (["mask", "paint"])) {
    line(document, layer, LAID, touch(50, 60), touch(150, 60));
    line(document, layer, TAKEN, touch(50, 60), touch(150, 60), { ...HARD, size: 24 });
    assert.ok(!document[layer === "mask" ? "hasMask" : "hasPaint"]);
  }
});

test("paint is laid over the base", () => {
  const document = new CanvasDocument(base());
  line(document, "paint", LAID, touch(50, 60), touch(150, 60));
  assert.deepEqual([...document.picture.data.slice((60 * 200 + 100) * 4, (60 * 200 + 100) * 4 + 4)], [255, 0, 0, 255]);
  assert.deepEqual([...document.picture.data.slice(0, 4)], [90, 90, 90, 255]);
  assert.equal(document.base.raster.data[(60 * 200 + 100) * 4], 90);
});

test("a rectangle covers exactly its pixels, a part of a pixel in part", () => {
  const covered = makeRaster(20, 20, 1);
  coverPolygon(covered, corners({ x: 2, y: 3 }, { x: 6.5, y: 5 }));
  const filled = (/** @type {number} */ x, /** @type {number} */ y) => covered.data[y * 20 + x];
  assert.equal(filled(2, 3), 255);
  assert.equal(filled(5, 4), 255);
  assert.equal(filled(6, 4), 128);
  assert.equal(filled(7, 4), 0);
  assert.equal(filled(2, 5), 0);
});

test("a lasso that goes around twice has no hole", () => {
  const covered = makeRaster(40, 40, 1);
  const square = corners({ x: 5, y: 5 }, { x: 30, y: 30 });
  coverPolygon(covered, [...square, ...square]);
  assert.equal(covered.data[15 * 40 + 15], 255);
});

test("a lasso beyond the edges is cut there", () => {
  const covered = makeRaster(40, 30, 1);
  coverPolygon(covered, corners({ x: -20, y: -20 }, { x: 100, y: 100 }));
  assert.ok(covered.data.every((value) => value === 255));
});

test("the bucket fills an outline in the mask, and stays inside", () => {
  const document = new CanvasDocument(base(60, 60));
  document.ink("mask", LAID, "rectangle", (covered) =>
    coverPolygon(covered, corners({ x: 10, y: 10 }, { x: 40, y: 40 })),
  );
  document.ink("mask", TAKEN, "rectangle", (covered) =>
    coverPolygon(covered, corners({ x: 12, y: 12 }, { x: 38, y: 38 })),
  );
  const start = { x: 20, y: 20 };
  document.ink("mask", LAID, "fill", (covered) => coverConnected(covered, start, sameSide(document.mask, start)));
  assert.equal(document.mask.data[20 * 60 + 20], 255);
  assert.equal(document.mask.data[37 * 60 + 37], 255);
  assert.equal(document.mask.data[50 * 60 + 50], 0);
});

test("the bucket leaves no fringe at a smooth edge, and goes no further", () => {
  const covered = makeRaster(20, 20, 1);
  const rect = spread(
    covered,
    coverConnected(covered, { x: 10, y: 10 }, (at) => at % 20 > 5 && at % 20 < 15),
  );
  assert.deepEqual(rect, { left: 5, top: 0, right: 16, bottom: 20 });
  assert.deepEqual(
    [4, 5, 15, 16].map((x) => covered.data[10 * 20 + x]),
    [0, 255, 255, 0],
  );
});

test("the bucket stops at another colour", () => {
  const colours = makeRaster(30, 10, 4);
  for (let at = 0; at < 300; at++) colours.data.fill(at % 30 < 15 ? 100 : 130, at * 4, at * 4 + 3);
  const narrow = makeRaster(30, 10, 1);
  assert.equal(coverConnected(narrow, { x: 3, y: 3 }, sameColour(colours, { x: 3, y: 3 }, 20)).right, 15);
  const wide = makeRaster(30, 10, 1);
  assert.equal(coverConnected(wide, { x: 3, y: 3 }, sameColour(colours, { x: 3, y: 3 }, 30)).right, 30);
});

test("what is packed is unpacked again", () => {
  for (const unit of [1, 4]) {
    for (const make of MADE) {
      const bytes = Uint8Array.from({ length: 64 * 64 * unit }, (_, at) => make(at));
      const packed = pack(bytes, unit);
      assert.ok(packed.length <= bytes.length + 1);
      assert.deepEqual(unpack(packed, unit, bytes.length), bytes);
    }
  }
  assert.ok(pack(new Uint8Array(4096), 1).length < 40);
});

test("a hundred strokes are undone and done again, to the last bit", () => {
  const document = new CanvasDocument(base());
  const states = [[document.mask.data.slice(), document.paint.data.slice()]];
  for (let count = 0; count < 100; count++) {
    const layer = count % 3 ? "mask" : "paint";
    const ink = count % 7 === 6 ? TAKEN : { ...LAID, colour: /** @type {const} */ ([count, 9, 200]) };
    line(document, layer, ink, touch(count, count), touch(199 - count, 60), {
      size: 3 + count / 4,
      softness: (count % 5) / 5,
    });
    states.push([document.mask.data.slice(), document.paint.data.slice()]);
  }
  const check = (/** @type {number} */ index) => {
    assert.deepEqual(document.mask.data, states[index][0]);
    assert.deepEqual(document.paint.data, states[index][1]);
  };
  let left = 100;
  while (document.undo()) check(--left);
  assert.ok(left <= 1, "a stroke that changes nothing is no step");
  while (document.redo()) check(++left);
  check(100);
});

test("the oldest steps are forgotten when there are too many, or they are too large", () => {
  const few = new CanvasDocument(base(), { steps: 3 });
  for (let count = 0; count < 5; count++) line(few, "mask", LAID, touch(20 * count, 9), touch(20 * count, 99));
  assert.equal(few.history.steps.length, 3);
  const small = new CanvasDocument(base(), { bytes: 5000 });
  for (let count = 0; count < 50; count++) line(small, "mask", LAID, touch(4 * count, 9), touch(4 * count, 99));
  assert.ok(small.history.bytes <= 5000);
  assert.ok(small.history.steps.length > 0);
});

test("a new stroke forgets what was undone", () => {
  const document = new CanvasDocument(base());
  line(document, "mask", LAID, touch(20, 20), touch(60, 20));
  document.undo();
  line(document, "mask", LAID, touch(20, 90), touch(60, 90));
  assert.equal(document.redo(), null);
  document.undo();
  assert.ok(!document.hasMask);
});

test("a stroke that is given up leaves nothing, and is no step", () => {
  const document = new CanvasDocument(base());
  const stroke = document.stroke("mask", LAID, "stroke");
  stroke.to(touch(50, 50), HARD);
  stroke.giveUp();
  assert.ok(!document.hasMask);
  assert.ok(!document.history.canUndo);
});

test("a new base of another size is undone with everything that lay over the old one", () => {
  const document = new CanvasDocument(base());
  line(document, "mask", LAID, touch(50, 60), touch(150, 60));
  line(document, "paint", LAID, touch(50, 60), touch(150, 60));
  document.extend({ left: 64, top: 0, right: 0, bottom: 8 });
  const before = [document.mask.data.slice(), document.paint.data.slice()];
  document.replaceBase(base(264, 138, "second", 30), "accept");
  assert.deepEqual(document.size, { width: 264, height: 138 });
  assert.ok(!document.hasMask && !document.hasPaint);
  assert.deepEqual(document.borders, { left: 0, top: 0, right: 0, bottom: 0 });
  line(document, "mask", LAID, touch(250, 10), touch(255, 120));
  document.goTo(3);
  assert.equal(document.base.id, "first");
  assert.deepEqual([document.mask.data, document.paint.data], before);
  assert.deepEqual(document.borders, { left: 64, top: 0, right: 0, bottom: 8 });
  document.goTo(5);
  assert.equal(document.base.id, "second");
  assert.equal(document.mask.data[50 * 264 + 252], 255);
});

test("bases that no step needs are let go of", () => {
  const document = new CanvasDocument(base(), { steps: 2 });
  for (let count = 0; count < 6; count++) document.replaceBase(base(20, 20, `base ${count}`), "accept");
  assert.deepEqual([...document.bases.keys()], ["base 3", "base 4", "base 5"]);
});

test("inverting twice changes nothing, and both can be undone", () => {
  const document = new CanvasDocument(base());
  line(document, "mask", LAID, touch(50, 60), touch(150, 60));
  const before = document.mask.data.slice();
  document.reshapeMask("invert", inverted);
  assert.equal(document.mask.data[0], 255);
  document.reshapeMask("invert", inverted);
  assert.deepEqual(document.mask.data, before);
  document.goTo(0);
  assert.ok(!document.hasMask);
});

test("keys change size and softness by steps, within limits", () => {
  let size = 1;
  for (let press = 0; press < 60; press++) size = nextSize(size, 1);
  assert.equal(size, 1000);
  for (let press = 0; press < 60; press++) size = nextSize(size, -1);
  assert.equal(size, 1);
  assert.equal(nextSoftness(0.95, 1), 1);
  assert.equal(nextSoftness(0.3, -1), 0.2);
});
