import assert from "node:assert/strict";
import test from "node:test";
import { bytes, fixed, percent } from "../../src/sdplay/server/page/static/js/core/format.js";
import { fill, found, ownName } from "../../src/sdplay/server/page/static/js/core/words.js";

const known = {
  "a.one": "{count} one",
  "a.many": "{count} many",
  "a.other": "{count} other",
  b: "b {x}",
  "b.other": "{count} b",
  "c.other": "{count} c",
};

/** @param {string} language @param {string} key @param {number} count */
function said(language, key, count) {
  return fill(found(known, key, { count }, new Intl.PluralRules(language)), { count });
}

test("a count is said in the form that the language has for it", () => {
  assert.equal(said("en", "a", 1), "1 one");
  assert.equal(said("en", "a", 0), "0 other");
  assert.equal(said("de", "a", 2), "2 other");
  assert.equal(said("fr", "a", 0), "0 one");
  assert.equal(said("fr", "a", 1_000_000), "1000000 many");
  assert.equal(said("es", "a", 1_000_000), "1000000 many");
  assert.equal(said("ja", "a", 1), "1 other");
  assert.equal(said("zh-Hans", "a", 1), "1 other");
});

test("a form that a language lacks is the one for all others", () => {
  assert.equal(said("de", "c", 1), "1 c");
  assert.equal(said("fr", "c", 1_000_000), "1000000 c");
  assert.equal(found(known, "b", { x: 1 }, new Intl.PluralRules("en")), "b {x}", "without a count there are no forms");
  assert.equal(found(known, "nowhere", { count: 1 }, new Intl.PluralRules("en")), "nowhere");
});

test("languages are called as those who speak them do", () => {
  const names = ["en", "de", "fr", "es", "ja", "zh-Hans"].map(ownName);
  assert.deepEqual(names, ["English", "Deutsch", "Français", "Español", "日本語", "简体中文"]);
});

test("sizes, shares and weights are numbers of the language", () => {
  assert.equal(bytes(504_000_000), "504 MB");
  assert.equal(bytes(2_140_000_000), "2.1 GB");
  assert.equal(percent(0.425), "43%");
  assert.equal(fixed(0.8, 2), "0.80");
});
