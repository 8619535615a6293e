/** The gallery's logic: where tiles are, which pages are asked for, what is chosen, zoomed, filtered, and apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "../../src/sdplay/server/page/static/js/views/gallery/difference.js";
import {
  addressOf,
  EVERYTHING,
  filterOf,
  filtersSet,
  isNarrow,
  queryOf,
} from "../../src/sdplay/server/page/static/js/views/gallery/filter.js";
import {
  GAP,
  keptPlace,
  layoutOf,
  placeOf,
  scrolledTo,
  shownRange,
  stepped,
} from "../../src/sdplay/server/page/static/js/views/gallery/grid.js";
import { PAGE, Pages } from "../../src/sdplay/server/page/static/js/views/gallery/pages.js";
import { extended, NOTHING, rangeTo, toggled } from "../../src/sdplay/server/page/static/js/views/gallery/selection.js";
import { fitted, kept, panned, zoomedAt } from "../../src/sdplay/server/page/static/js/views/gallery/zoom.js";

const wide = layoutOf({ width: 1000, total: 100_000, size: 176 });

test("tiles fill the width, and the wall is as high as all of them", () => {
  assert.equal(wide.columns, 5);
  assert.equal(wide.columns * wide.side + (wide.columns - 1) * GAP, 1000);
  assert.equal(wide.height, 20_000 * wide.step - GAP);
  assert.equal(layoutOf({ width: 330, total: 3, size: 176 }).columns, 3);
  assert.equal(layoutOf({ width: 100, total: 3, size: 176 }).columns, 2);
  assert.equal(layoutOf({ width: 1000, total: 0, size: 176 }).height, 0);
});

test("only a few tiles are shown, wherever the wall is scrolled to", () => {
  for (const top of [0, 12_345, wide.height / 2, wide.height - 800]) {
    const { first, last } = shownRange(wide, top, 800);
    assert.ok(last - first <= 60);
    const seen = (/** @type {number} */ index) =>
      placeOf(wide, index).y + wide.side > top && placeOf(wide, index).y < top + 800;
    for (let index = Math.max(first - 20, 0); index < Math.min(last + 20, wide.total); index += 1) {
      if (seen(index)) assert.ok(index >= first && index < last, `${index} at ${top}`);
    }
  }
  assert.equal(shownRange(wide, wide.height - 800, 800).last, 100_000);
});

test("keys walk over the wall and stay on it", () => {
  const small = layoutOf({ width: 1000, total: 12, size: 176 }); // rows of 5, 5 and 2
  const walk = (/** @type {number} */ from, /** @type {string} */ key) => stepped(small, from, key, 800);
  assert.equal(walk(-1, "ArrowRight"), 0);
  assert.equal(walk(-1, "End"), 11);
  assert.equal(walk(0, "ArrowLeft"), 0);
  assert.equal(walk(0, "ArrowUp"), 0);
  assert.equal(walk(4, "ArrowRight"), 5);
  assert.equal(walk(1, "ArrowDown"), 6);
  assert.equal(walk(9, "ArrowDown"), 11);
  assert.equal(walk(11, "ArrowDown"), 11);
  assert.equal(walk(3, "End"), 11);
  assert.equal(walk(11, "Home"), 0);
  assert.equal(walk(0, "PageDown"), 11);
  assert.equal(stepped(layoutOf({ width: 1000, total: 0, size: 176 }), -1, "ArrowDown", 800), -1);
});

test("the wall is scrolled as little as a tile needs", () => {
  assert.equal(scrolledTo(wide, 0, 500, 800), 0);
  assert.equal(scrolledTo(wide, 7, 0, 800), 0);
  const far = scrolledTo(wide, 5000, 0, 800);
  const { y } = placeOf(wide, 5000);
  assert.ok(y >= far && y + wide.side <= far + 800);
});

test("pages are asked for once, and those far away are let go of", () => {
  const pages = new Pages();
  assert.deepEqual(pages.missing(50, 250), [0, 1, 2]);
  pages.put(1, [{ id: 7 }, { id: 8 }]);
  assert.deepEqual(pages.missing(50, 250), [0, 2]);
  assert.equal(pages.at(PAGE + 1)?.id, 8);
  assert.deepEqual(pages.find(8), { index: PAGE + 1, picture: { id: 8 } });
  pages.change([8], { starred: true });
  assert.equal(pages.at(PAGE + 1)?.starred, true);
  pages.spoil();
  assert.equal(pages.at(PAGE)?.id, 7);
  assert.deepEqual(pages.missing(PAGE, PAGE + 1), [1]);
  for (let page = 10; page < 200; page += 1) pages.put(page, []);
  assert.ok(pages.here.size <= 40);
  assert.equal(pages.at(PAGE), undefined);
});

test("choosing gives new selections and leaves the old", () => {
  const one = toggled(NOTHING, 5, 3);
  assert.deepEqual([...toggled(one, 5, 3).chosen], []);
  assert.deepEqual([...one.chosen], [5]);
  assert.deepEqual(rangeTo(one, 9), { first: 3, last: 10 });
  assert.deepEqual(rangeTo(one, 1), { first: 1, last: 4 });
  assert.deepEqual(rangeTo(NOTHING, 4), { first: 4, last: 5 });
  assert.deepEqual([...extended(one, [6, 7]).chosen], [5, 6, 7]);
  assert.equal(NOTHING.chosen.size, 0);
});

test("a filter is the same behind the address and back", () => {
  const filter = {
    ...EVERYTHING,
    text: 'red "on a table" -dog & <b>',
    starred: true,
    rating: 3,
    kind: /** @type {const} */ ("film"),
    model: "a b",
    since: "2026-01-31",
    sort: /** @type {const} */ ("rating"),
  };
  const query = Object.fromEntries(new URLSearchParams(addressOf(filter).slice(1)));
  assert.deepEqual(filterOf(query), filter);
  assert.equal(addressOf(EVERYTHING), "");
  assert.deepEqual(filterOf({ rating: "99", sort: "x", since: "yesterday", kind: "no" }), EVERYTHING);
  assert.equal(filtersSet(filter), 5);
  assert.ok(isNarrow(filter));
  assert.ok(!isNarrow({ ...EVERYTHING, trash: true }));
  assert.equal(queryOf(EVERYTHING, { limit: 100, upto: 0 }), "sort=newest&limit=100");
  const until = Number(new URLSearchParams(queryOf({ ...EVERYTHING, until: "2026-01-31" })).get("until"));
  assert.equal(until, new Date(2026, 1, 1).getTime() / 1000);
});

test("zooming keeps the point under the pointer, and the picture in its window", () => {
  const picture = { width: 512, height: 512 };
  const view = { width: 800, height: 600 };
  const whole = fitted(picture, view);
  assert.equal(whole.scale, 600 / 512);
  const point = { x: 100, y: 50 };
  const near = zoomedAt(whole, 4, point.x, point.y, picture, view);
  const before = { x: (point.x - whole.x) / whole.scale, y: (point.y - whole.y) / whole.scale };
  const after = { x: (point.x - near.x) / near.scale, y: (point.y - near.y) / near.scale };
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
  assert.equal(zoomedAt(near, 1000, 0, 0, picture, view).scale, 16);
  assert.equal(zoomedAt(near, 0.0001, 0, 0, picture, view).scale, 1);
  const moved = panned(near, 1e6, -1e6, picture, view);
  assert.equal(moved.x, (512 * near.scale - 800) / 2);
  assert.equal(moved.y, -(512 * near.scale - 600) / 2);
  assert.deepEqual(kept({ scale: 0.5, x: 99, y: 99 }, picture, view), { scale: 0.5, x: 0, y: 0 });
});

test("what differs is counted, alpha aside", () => {
  const one = new Uint8ClampedArray([1, 2, 3, 255, 9, 9, 9, 255]);
  const other = new Uint8ClampedArray([1, 2, 3, 0, 9, 4, 10, 255]);
  assert.deepEqual(counted(one, one), { pixels: 0, total: 2, most: 0 });
  assert.deepEqual(counted(one, other), { pixels: 1, total: 2, most: 5 });
});

test("a wall that is laid anew keeps its pictures where they are seen", () => {
  const before = layoutOf({ width: 1165, total: 100_000, size: 176 });
  const after = layoutOf({ width: 1150, total: 100_000, size: 176 });
  const seen = placeOf(before, 50_001).y - 300;
  assert.equal(keptPlace(before, after, seen, 700, 50_001), placeOf(after, 50_001).y - 300);
  assert.notEqual(keptPlace(before, after, seen, 700, 50_001), seen);
  const row = Math.floor(seen / before.step) * before.columns;
  assert.equal(keptPlace(before, after, seen, 700, 3) - placeOf(after, row).y, seen - placeOf(before, row).y);
  assert.equal(keptPlace(before, before, seen, 700, -1), seen);
  assert.equal(keptPlace(before, after, 0, 700, 5), 0);
});
