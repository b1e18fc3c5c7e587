import assert from "node:assert/strict";
import { test } from "node:test";
import { parseShared } from "./shared-json.ts";

test("parses as JSON does, and the same text into the same value", () => {
  for (const text of ['{"a":[1,{"b":"c"}]}', "[]", "{}", '"text"', "null", "0", `["${"long".repeat(2000)}"]`]) {
    assert.deepEqual(parseShared(text), JSON.parse(text));
    assert.deepEqual(parseShared(text), JSON.parse(text), "again");
  }
  assert.equal(parseShared('{"a":1}'), parseShared('{"a":1}'));
  assert.throws(() => parseShared("{"), SyntaxError);
});

test("lets nobody change what others see", () => {
  const value = parseShared<{ list: { name: string }[] }>('{"list":[{"name":"kept"}]}');
  assert.throws(() => value.list.push({ name: "more" }), TypeError);
  assert.throws(() => {
    value.list[0]!.name = "changed";
  }, TypeError);
  assert.deepEqual(parseShared('{"list":[{"name":"kept"}]}'), { list: [{ name: "kept" }] });
});

test("goes on right when there are more texts than are kept", () => {
  for (const round of [1, 2]) {
    for (let index = 0; index < 1500; index++) {
      assert.deepEqual(parseShared(`{"index":${index}}`), { index }, `round ${round}`);
    }
  }
});
