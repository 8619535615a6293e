import assert from "node:assert/strict";
import { test } from "node:test";
import { found, grouped } from "../../src/sdplay/server/page/static/js/views/models/search.js";

const LIST = {
  things: [
    { name: "apple", emoji: ["🍎"], group: "food-drink", synonyms: ["red apple"], colour: "red" },
    { name: "dog", emoji: ["🐶"], group: "animals-nature", synonyms: ["puppy"], colour: null },
    { name: "pear", emoji: ["🍐"], group: "food-drink", synonyms: [], colour: "green" },
  ],
  names: { de: { Apfel: 0, Hund: 1 }, fr: { pâté: 2 } },
};

/** @param {string} text */
const names = (text) => found(LIST, text).map((thing) => thing.name);

test("no text finds everything", () => {
  assert.deepEqual(names("  "), ["apple", "dog", "pear"]);
});

test("names, other names, emoji and other languages are looked through, without accents and capitals", () => {
  assert.deepEqual(names("APP"), ["apple"]);
  assert.deepEqual(names("puppy"), ["dog"]);
  assert.deepEqual(names("🍐"), ["pear"]);
  assert.deepEqual(names("hund"), ["dog"]);
  assert.deepEqual(names("pate"), ["pear"]);
  assert.deepEqual(names("unicorn"), []);
});

test("groups keep their order and that of their things", () => {
  assert.deepEqual(
    grouped(LIST.things).map(([group, things]) => [group, things.map((thing) => thing.name)]),
    [
      ["food-drink", ["apple", "pear"]],
      ["animals-nature", ["dog"]],
    ],
  );
});
