import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemRandom } from "../../base/random.ts";
import { insertFragments } from "../../storage/records/fragments.ts";
import { openSqliteRecords } from "../../storage/records/sqlite.ts";
import { openFragmentNumbers } from "./fragment-numbers.ts";

test("numbers rise within a stream though the clock steps back and the process starts anew", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-numbers-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  let now = 1_800_000_000_000;
  const open = () => openFragmentNumbers({ records, clock: () => now, random: systemRandom });
  let last = "";
  for (const step of [0, 5, -3_600_000, 1, -1, 7_200_000]) {
    now += step;
    const numbers = open();
    await numbers.prepare("s");
    for (let count = 0; count < 3; count++) {
      const number = numbers.next("s");
      assert.match(number, /^9134385233\d{37}$/);
      assert.ok(last < number, `${last} < ${number}`);
      last = number;
    }
    const place = { pack: "p", from: 0, sizeBytes: 40 };
    const described = { serverTimestamp: now, producerTimestamp: now, durationMs: 1, clusterFrom: 0, clusterTo: 0 };
    await insertFragments(records.db, [
      { streamId: "s", number: last, ...described, headerId: "h", bodyBytes: 0, tagsBytes: 0, dataKey: 0, place },
    ]);
  }
});

test("a million numbers within a millisecond go on in the next one", () => {
  const records = undefined as never;
  const numbers = openFragmentNumbers({ records, clock: () => 1_800_000_000_000, random: () => new Uint8Array(8) });
  let last = "";
  for (let count = 0; count <= 1_000_000; count++) {
    const number = numbers.next("s");
    if (number <= last) assert.fail(`${last} < ${number}`);
    last = number;
  }
  assert.equal(last, `91343852331800000000001${"0".repeat(24)}`);
});

test("two processes never give the same number", () => {
  const records = undefined as never;
  const open = () => openFragmentNumbers({ records, clock: () => 1_800_000_000_000, random: systemRandom });
  const [one, other] = [open(), open()];
  const given = new Set<string>();
  for (let count = 0; count < 10_000; count++) given.add(one.next("s")).add(other.next("s"));
  assert.equal(given.size, 20_000);
});
