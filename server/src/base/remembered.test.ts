import assert from "node:assert/strict";
import { test } from "node:test";
import { Remembered } from "./remembered.ts";

test("asks once for what many want, and again when it is too old, was forgotten, failed, or gave way", async () => {
  let now = 1000;
  const asked: string[] = [];
  const remembered = new Remembered<string>({ clock: () => now, forMs: 500, most: 2 });
  const get = (key: string) =>
    remembered.get(key, async () => {
      asked.push(key);
      return key.toUpperCase();
    });
  const since = () => asked.splice(0).join("");
  assert.deepEqual(await Promise.all([get("a"), get("a")]), ["A", "A"]);
  assert.equal(since(), "a");
  now += 499;
  await get("a");
  assert.equal(since(), "");
  now += 1;
  await get("a");
  assert.equal(since(), "a");
  now -= 10;
  await get("a");
  assert.equal(since(), "a", "the clock stepped back");
  remembered.forget("a");
  await get("a");
  assert.equal(since(), "a");
  await get("b");
  await get("c");
  await get("b");
  await get("a");
  assert.equal(since(), "bca");
  remembered.forgetAll("");
  await get("a");
  assert.equal(since(), "a");
  const failing = () => remembered.get("f", () => Promise.reject(new Error(asked.push("f").toString())));
  await assert.rejects(failing());
  await assert.rejects(failing());
  assert.equal(since(), "ff");
});
