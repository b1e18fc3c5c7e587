import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { openMasterKey } from "./master-key.ts";

const chance = { clock: systemClock, random: systemRandom };

async function withRows(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-keys-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  return { folder, records, path: join(folder, "keys", "master-key") };
}

test("the master key is made once, for its owner alone, also by many at the same time", async (t) => {
  const { folder, records, path } = await withRows(t);
  const others = await Promise.all([1, 2, 3].map(() => openSqliteRecords({ path: join(folder, "millrace.db") })));
  const opened = await Promise.all([records, ...others].map((own) => openMasterKey({ records: own, path, ...chance })));
  assert.equal(new Set(opened.map(({ id }) => id)).size, 1);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(await readFile(path, "utf8"), /^[0-9a-f]{64}\n$/);
  assert.deepEqual(await readdir(join(folder, "keys")), ["master-key"]);
  for (const other of others) await other.close();
});

test("refuses to begin with a key that is missing, another one, or none", async (t) => {
  const { folder, records, path } = await withRows(t);
  await openMasterKey({ records, path, ...chance });
  const elsewhere = join(folder, "elsewhere");
  await assert.rejects(openMasterKey({ records, path: elsewhere, ...chance }), /is missing: .* all its processes/);
  await writeFile(elsewhere, `${"ab".repeat(32)}\n`);
  await assert.rejects(openMasterKey({ records, path: elsewhere, ...chance }), /is another master key/);
  for (const text of ["", "ab".repeat(31), `${"ab".repeat(32)} x`]) {
    await writeFile(elsewhere, text);
    await assert.rejects(openMasterKey({ records, path: elsewhere, ...chance }), /must be 64 hexadecimal digits/);
  }
});
