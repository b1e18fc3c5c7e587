import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { openKeyring } from "./keyring.ts";
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

test("each stream has a key of its own, the same for every process, until it is destroyed", async (t) => {
  const { records, path } = await withRows(t);
  const wrapper = await openMasterKey({ records, path, ...chance });
  const [one, other] = [1, 2].map(() => openKeyring({ records, wrapper, ...chance })) as [
    ReturnType<typeof openKeyring>,
    ReturnType<typeof openKeyring>,
  ];
  assert.equal(await one.find("a"), undefined);
  const [a, same, b] = await Promise.all([one.open("a"), other.open("a"), one.open("b")]);
  assert.deepEqual(a.bytes, same.bytes);
  assert.notDeepEqual(a.bytes, b.bytes);
  assert.equal(await one.find("a"), await one.open("a"), "it is unwrapped once");
  const wrapped = async () => (await records.db.selectFrom("stream_keys").selectAll().execute())[0]!.wrapped;
  assert.equal(Buffer.from(await wrapped()).indexOf(a.bytes), -1);

  const at = await one.destroy("a");
  assert.equal(await one.destroy("a"), at);
  assert.equal(await one.find("a"), undefined);
  await assert.rejects(one.open("a"), { name: "KeyDestroyed" });
  assert.ok((await wrapped()).every((byte) => byte === 0));
  await one.destroy("never had one");
  await assert.rejects(one.open("never had one"), { name: "KeyDestroyed" });
});

test("a wrapped key that was moved to another stream, or damaged, opens nothing", async (t) => {
  const { records, path } = await withRows(t);
  const wrapper = await openMasterKey({ records, path, ...chance });
  const keys = openKeyring({ records, wrapper, ...chance });
  await keys.open("a");
  const [row] = await records.db.selectFrom("stream_keys").selectAll().execute();
  await records.db
    .insertInto("stream_keys")
    .values({ ...row!, stream_id: "b" })
    .execute();
  await assert.rejects(keys.open("b"), /a wrapped key is damaged/);
  await records.db
    .insertInto("stream_keys")
    .values({ ...row!, stream_id: "c", wrapped_by: "local-0" })
    .execute();
  await assert.rejects(keys.open("c"), /the key of stream c is wrapped by local-0, which is not at hand/);
});
