import assert from "node:assert/strict";
import test from "node:test";
import { beyondPrefix } from "./key-order.ts";

test("names the least text above a prefix in the byte order of UTF-8", () => {
  for (const [prefix, beyond] of [
    ["a", "b"],
    ["a/", "a0"],
    ["z\u{10ffff}", "{"],
    ["\ud7ff", "\ue000"],
    ["\uffff", "\u{10000}"],
    ["é", "ê"],
    ["", undefined],
    ["\u{10ffff}\u{10ffff}", undefined],
  ] as const) {
    assert.equal(beyondPrefix(prefix), beyond, prefix);
    if (beyond === undefined) continue;
    for (const key of [prefix, `${prefix}a`, `${prefix}\u{10ffff}`])
      assert.ok(Buffer.compare(Buffer.from(key), Buffer.from(beyond)) < 0);
  }
});
