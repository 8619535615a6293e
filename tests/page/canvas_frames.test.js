import assert from "node:assert/strict";
import { test } from "node:test";
import {
  extended,
  NO_BORDERS,
  onlyMaskedFrame,
  proportioned,
} from "../../src/sdplay/server/page/static/js/canvas/frame.js";
import { boundingBox, grown, shaped } from "../../src/sdplay/server/page/static/js/canvas/mask.js";
import { makeRaster } from "../../src/sdplay/server/page/static/js/canvas/raster.js";
import { fit, kept, pinch, toPicture, toScreen, zoom } from "../../src/sdplay/server/page/static/js/canvas/viewport.js";

const PLAIN = { invert: false, grow: 0, blur: 0 };
const SCREEN = { width: 800, height: 600 };

/** @param {number} width @param {number} height @param {number} x @param {number} y */
function dot(width, height, x, y) {
  const mask = makeRaster(width, height, 1);
  mask.data[y * width + x] = 255;
  return mask;
}

test("growing makes a square of a dot, shrinking takes it away", () => {
  const box = boundingBox(grown(dot(50, 40, 20, 10), 6), 0);
  assert.deepEqual(box, { left: 14, top: 4, right: 27, bottom: 17 });
  assert.equal(boundingBox(shaped(grown(dot(50, 40, 20, 10), 6), { ...PLAIN, grow: -7 }), 0), null);
});

test("growing by more than the picture reaches its edges", () => {
  assert.ok(grown(dot(9, 5, 0, 0), 200).data.every((value) => value === 255));
});

test("the frame has the proportions of what is drawn, within the picture", () => {
  const all = { width: 400, height: 300 };
  assert.deepEqual(proportioned({ left: 10, top: 10, right: 50, bottom: 30 }, { width: 128, height: 128 }, all), {
    left: 10,
    top: 0,
    right: 50,
    bottom: 40,
  });
  assert.deepEqual(proportioned({ left: 0, top: 0, right: 400, bottom: 20 }, { width: 128, height: 128 }, all), {
    left: 0,
    top: 0,
    right: 400,
    bottom: 300,
  });
});

test("a black mask frames the whole picture", () => {
  assert.deepEqual(onlyMaskedFrame(makeRaster(30, 20, 1), 8, { width: 64, height: 64 }), {
    left: 0,
    top: 0,
    right: 30,
    bottom: 20,
  });
});

test("an extended picture is larger by its borders", () => {
  assert.deepEqual(extended({ width: 100, height: 50 }, { ...NO_BORDERS, left: 20, bottom: 6 }), {
    width: 120,
    height: 56,
  });
});

test("what is under the pointer stays there while zooming", () => {
  const view = { scale: 1.5, x: 40, y: -30 };
  const at = { x: 333, y: 222 };
  const before = toPicture(view, at);
  for (const factor of [1.25, 0.5, 3, 1000, 1e-6]) {
    const after = toPicture(zoom(view, factor, at), at);
    assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 1e-6);
  }
});

test("fitting shows all of the picture, a small one enlarged and a large one never more than it is", () => {
  for (const [width, height, scale] of [
    [128, 128, 560 / 128],
    [4000, 1000, 760 / 4000],
    [700, 500, 1],
  ]) {
    const view = fit({ left: 0, top: 0, right: width, bottom: height }, SCREEN, 20);
    assert.ok(Math.abs(view.scale - scale) < 1e-9);
    const middle = toScreen(view, { x: width / 2, y: height / 2 });
    assert.deepEqual([Math.round(middle.x), Math.round(middle.y)], [400, 300]);
  }
});

test("two fingers move and zoom what is between them", () => {
  const view = { scale: 1, x: 0, y: 0 };
  const after = pinch(
    view,
    [
      { x: 100, y: 100 },
      { x: 200, y: 100 },
    ],
    [
      { x: 150, y: 150 },
      { x: 350, y: 150 },
    ],
  );
  assert.equal(after.scale, 2);
  assert.deepEqual(toScreen(after, { x: 150, y: 100 }), { x: 250, y: 150 });
});

test("the picture cannot be lost beyond the edge of the screen", () => {
  const rect = { left: 0, top: 0, right: 100, bottom: 100 };
  const view = kept({ scale: 1, x: 5000, y: -5000 }, rect, SCREEN);
  assert.deepEqual(view, { scale: 1, x: 752, y: -52 });
});
