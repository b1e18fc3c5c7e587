import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteLog } from "./byte-log.ts";

const sizes = [1, 1, 1023, 1024, 5000, 3, 0, 16_383, 1, 2, 900, 900, 70_000];

test("gives back any range of what it has, whatever the chunks were", () => {
  const log = new ByteLog();
  const all = Buffer.alloc(sizes.reduce((sum, size) => sum + size)).map((_, at) => (at * 7) ^ (at >> 8));
  let end = 0;
  for (const size of sizes) {
    log.append(all.subarray(end, end + size));
    end += size;
  }
  assert.equal(log.end, all.length);
  for (let from = 0; from < all.length; from += 331) {
    for (const to of [from, from + 1, from + 2000, from + 20_000, all.length]) {
      if (all.length < to) continue;
      assert.ok(Buffer.concat(log.slice(from, to)).equals(all.subarray(from, to)), `${from} to ${to}`);
    }
  }
});

test("what was cut out stays as it was when more comes", () => {
  const log = new ByteLog();
  log.append(Uint8Array.of(1, 2));
  const [cut] = log.slice(0, 2);
  log.append(Uint8Array.of(3));
  assert.deepEqual([...cut!], [1, 2]);
  log.append(Uint8Array.of(4));
  assert.deepEqual([...cut!], [1, 2]);
  assert.deepEqual([...Buffer.concat(log.slice(1, 4))], [2, 3, 4]);
});

test("forgets what is not wanted, and says so", () => {
  const log = new ByteLog();
  for (let at = 0; at < 100; at++) log.append(new Uint8Array(2000).fill(at));
  log.forget(100_001);
  assert.equal(log.slice(100_000, 102_000)[0]![0], 50);
  assert.throws(() => log.slice(99_999, 100_001), RangeError);
  assert.throws(() => log.piece(199_000, 200_001), RangeError);
  log.forget(200_000);
  assert.deepEqual(log.slice(200_000, 200_000), []);
});

test("a million single bytes cost little more than a megabyte", () => {
  const log = new ByteLog();
  for (let at = 0; at < 1_000_000; at++) log.append(Uint8Array.of(at & 0xff));
  assert.ok(log.slice(0, log.end).length < 80);
});
