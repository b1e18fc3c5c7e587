import assert from "node:assert/strict";
import { test } from "node:test";
import { Recent } from "./recent.ts";

function counting(most: number) {
  const recent = new Recent<string>(most);
  const made: string[] = [];
  const get = (key: string, size: number) =>
    recent.get(key, size, async () => {
      made.push(key);
      return key.toUpperCase();
    });
  return { recent, made, get };
}

test("makes once what several ask for at once, and what is asked for again", async () => {
  const { made, get } = counting(10);
  assert.deepEqual(await Promise.all([get("a", 1), get("a", 1)]), ["A", "A"]);
  await get("a", 1);
  assert.deepEqual(made, ["a"]);
});

test("forgets what was used longest ago when there is more than it may keep", async () => {
  const { made, get } = counting(3);
  for (const key of ["a", "b", "c", "a", "d", "a", "b"]) await get(key, 1);
  assert.deepEqual(made, ["a", "b", "c", "d", "b"]);
  await get("large", 4);
  await get("large", 4);
  assert.deepEqual(made.slice(5), ["large", "large"]);
});

test("does not keep a failure", async () => {
  const { recent, get } = counting(3);
  await assert.rejects(
    recent.get("a", 1, () => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await get("a", 1), "A");
});
