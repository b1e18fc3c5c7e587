import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { openMasterKey } from "./master-key.ts";

/** A guess is cheap, so that the tests are quick. */
const chance = { clock: systemClock, random: systemRandom, cost: 2 ** 10 };
const passphrase = "correct horse battery staple";

async function withRows(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-keys-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  return { folder, records };
}

test("a passphrase opens the master key, the same for all who start together, and no other passphrase does", async (t) => {
  const { folder, records } = await withRows(t);
  const other = await openSqliteRecords({ path: join(folder, "millrace.db") });
  const [one, same] = await Promise.all(
    [records, other].map((rows) => openMasterKey({ records: rows, passphrase, ...chance })),
  );
  await other.close();
  assert.equal(one!.id, same!.id);
  assert.deepEqual(await same!.unwrap(await one!.wrap(Buffer.from("key"), "x"), "x"), Buffer.from("key"));
  const [row] = await records.db.selectFrom("master_keys").selectAll().execute();
  assert.equal(JSON.parse(row!.source!).kind, "passphrase");
  for (const wrong of ["", "Correct horse battery staple", `${passphrase} `]) {
    await assert.rejects(
      openMasterKey({ records, passphrase: wrong, ...chance }),
      /^Error: the passphrase is not the one that opens the master key of this database$/,
    );
  }
});

test("a guess costs 128 MiB of memory", async (t) => {
  const { records } = await withRows(t);
  await openMasterKey({ records, passphrase, clock: systemClock, random: systemRandom });
  const [row] = await records.db.selectFrom("master_keys").selectAll().execute();
  const { cost, blockSize, parallelization } = JSON.parse(row!.source!);
  assert.deepEqual([128 * cost * blockSize, parallelization], [128 * 2 ** 20, 1]);
});

test("a passphrase is the same however its characters are composed", async (t) => {
  const { records } = await withRows(t);
  const one = await openMasterKey({ records, passphrase: "Schl\u00fcssel unter M\u00fchle", ...chance });
  const other = await openMasterKey({ records, passphrase: "Schlu\u0308ssel unter Mu\u0308hle", ...chance });
  assert.equal(one.id, other.id);
});

test("says what opens the master key to who comes with something else", async (t) => {
  const { folder, records } = await withRows(t);
  const path = join(folder, "master-key");
  await openMasterKey({ records, passphrase, ...chance });
  await assert.rejects(openMasterKey({ records, path, ...chance }), /opened by a passphrase: give it with MILLRACE_/);
  const arn = "arn:aws:kms:us-east-1:123456789012:key/0";
  const kms = { arn, region: "us-east-1", endpoint: "http://127.0.0.1:1" };
  await assert.rejects(openMasterKey({ records, kms, ...chance }), /opened by a passphrase/);

  const filed = await withRows(t);
  await openMasterKey({ records: filed.records, path, ...chance });
  await assert.rejects(openMasterKey({ records: filed.records, passphrase, ...chance }), /lies in a file: give that/);
});

test("a master key whose row was changed opens nothing", async (t) => {
  const { records } = await withRows(t);
  await openMasterKey({ records, passphrase, ...chance });
  const [row] = await records.db.selectFrom("master_keys").selectAll().execute();
  const source = JSON.parse(row!.source!);
  const sealed = Buffer.from(source.sealed, "base64");
  sealed[30]! ^= 1;
  for (const changed of [
    { ...source, sealed: sealed.toString("base64") },
    { ...source, cost: 2 ** 11 },
  ]) {
    await records.db
      .updateTable("master_keys")
      .set({ source: JSON.stringify(changed) })
      .execute();
    await assert.rejects(openMasterKey({ records, passphrase, ...chance }), /the passphrase is not the one/);
  }
});
