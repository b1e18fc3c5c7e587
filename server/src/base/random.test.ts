import assert from "node:assert/strict";
import { test } from "node:test";
import { uuid } from "./ids.ts";
import { systemRandom } from "./random.ts";

test("hands out each byte once, in the size that was asked for", () => {
  const seen = new Set<string>();
  // More than is drawn at once, several times over, in sizes that do not divide it.
  for (let round = 0; round < 3000; round++) {
    const bytes = systemRandom(17);
    assert.equal(bytes.length, 17);
    assert.ok(
      bytes.some((byte) => byte !== 0),
      "drawn anew before it runs out",
    );
    seen.add(String(bytes));
  }
  assert.equal(seen.size, 3000);
  for (const size of [0, 1, 255, 256, 257, 8192, 100_000]) assert.equal(systemRandom(size).length, size);
});

test("gives bytes that are the caller's own", () => {
  const first = systemRandom(32);
  const kept = first.slice();
  const second = systemRandom(32);
  second.fill(7);
  assert.deepEqual(first, kept);
  assert.equal(first.buffer.byteLength, 32);
});

test("spreads evenly", () => {
  const counts = new Array<number>(256).fill(0);
  for (let round = 0; round < 4096; round++) for (const byte of systemRandom(64)) counts[byte]!++;
  // 1024 each on average, and 32 is a standard deviation: eight of them never happen.
  for (const count of counts) assert.ok(1024 - 256 < count && count < 1024 + 256, String(count));
});

test("makes UUIDs of version 4", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (let round = 0; round < 1000; round++) assert.match(uuid(systemRandom), form);
});
