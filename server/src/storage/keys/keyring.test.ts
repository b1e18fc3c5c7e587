import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { insertTestStream } from "../../../test/support/stream-rows.ts";
import { systemRandom } from "../../base/random.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { deleteOldStreamKeys, findStreamKey } from "../records/stream-keys.ts";
import { masterKeyWrapper } from "./key-wrapper.ts";
import { type KeyringOptions, openKeyring } from "./keyring.ts";
import { openKmsStore } from "./kms-store.ts";

const home = { account: "123456789012", region: "us-east-1" };
const hour = 3_600_000;

async function prepare(t: TestContext, ...streams: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-keyring-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  for (const id of streams) await insertTestStream(records, id, 24);
  const time = { now: 1_800_000_000_000 };
  const clock = () => time.now;
  const wrapper = masterKeyWrapper(systemRandom(32), systemRandom);
  /** What a process has of its own. */
  const start = (options: Partial<KeyringOptions> = {}) => {
    const kms = openKmsStore({ records, wrapper, clock, random: systemRandom });
    return { kms, keys: openKeyring({ records, kms, wrapper, clock, ...options }) };
  };
  const rows = () => records.db.selectFrom("stream_keys").selectAll().orderBy("stream_id").orderBy("number").execute();
  return { folder, records, time, wrapper, start, rows };
}

test("each stream has keys of its own, the same for every process, until they are destroyed", async (t) => {
  const { folder, start, rows } = await prepare(t, "a", "b");
  const [{ keys: one }, { keys: other }] = [start(), start()];
  assert.equal(await one.newest("a"), undefined);
  const [a, same, b] = await Promise.all([one.open("a", 1), other.open("a", 1), one.open("b", 1)]);
  assert.deepEqual(a.bytes, same.bytes);
  assert.equal(a.number, 0);
  assert.notDeepEqual(a.bytes, b.bytes);
  assert.equal(await one.newest("a"), await one.open("a", 1), "it is unwrapped once");
  assert.deepEqual((await other.find("a", 0))?.bytes, a.bytes);
  const { wrapped, wrapped_by } = (await rows())[0]!;
  assert.match(wrapped_by, /^arn:aws:kms:us-east-1:123456789012:key\//);
  assert.equal(Buffer.from(wrapped).indexOf(a.bytes), -1);
  assert.ok(await isOnDisk(folder, wrapped));

  const at = await one.destroy("a");
  assert.equal(await one.destroy("a"), at);
  assert.equal(await one.newest("a"), undefined);
  assert.equal(await one.find("a", 0), undefined);
  await assert.rejects(one.open("a", 1), { name: "KeyDestroyed" });
  assert.ok(!(await isOnDisk(folder, wrapped)), "also its wrapped form is nowhere");
  await one.destroy("never had one");
  await assert.rejects(one.open("never had one", 1), { name: "KeyDestroyed" });
});

async function isOnDisk(folder: string, bytes: Uint8Array): Promise<boolean> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name)));
  return (await Promise.all(contents)).some((content) => content.includes(bytes));
}

test("a key serves for a period, or for so many bytes, whatever the clock does; old ones stay", async (t) => {
  const { time, start } = await prepare(t, "a");
  const period = { ms: hour, bytes: 1000 };
  const [{ keys: one }, { keys: other }] = [start({ period }), start({ period })];
  const numbers: number[] = [];
  const open = async (sizeBytes = 1) => numbers.push((await one.open("a", sizeBytes)).number);
  const first = await one.open("a", 1);
  await open();
  time.now += hour - 1;
  await open();
  time.now += 1;
  await open();
  time.now -= 2 * hour;
  await open();
  await open(999);
  await open();
  assert.deepEqual(numbers, [0, 0, 1, 2, 2, 3]);
  assert.deepEqual((await one.find("a", 0))?.bytes, first.bytes);
  assert.equal((await other.open("a", 1)).number, 3, "another process goes on with the last");
});

test("two processes whose key has served get the same next one", async (t) => {
  const { time, start } = await prepare(t, "a");
  const [{ keys: one }, { keys: other }] = [start(), start()];
  await Promise.all([one.open("a", 1), other.open("a", 1)]);
  time.now += hour;
  const [mine, theirs, again] = await Promise.all([one.open("a", 1), other.open("a", 1), other.open("a", 1)]);
  assert.equal(mine.number, 1);
  assert.deepEqual(mine.bytes, theirs.bytes);
  assert.equal(theirs.number, again.number);
});

test("keys are as usable as the stream's KMS key, within half a second in every process", async (t) => {
  const { records, time, start } = await prepare(t, "a");
  const [{ kms, keys: one }, { keys: other }] = [start(), start()];
  const key = await kms.create(home, { description: "", policy: "{}", tags: {} });
  await records.db.updateTable("streams").set({ kms_key_id: key.arn }).execute();
  const { number, bytes } = await one.open("a", 1);
  await other.open("a", 1);
  await kms.change(key.id, () => ({ state: "Disabled" }));
  for (const refused of [one.open("a", 1), one.find("a", number), one.newest("a"), one.check(key.arn)]) {
    await assert.rejects(refused, { name: "KeyFailure", problem: "Disabled" });
  }
  time.now += 500;
  await assert.rejects(other.find("a", number), { problem: "Disabled" });
  await kms.change(key.id, () => ({ state: "Enabled" }));
  time.now += 500;
  for (const keys of [one, other]) assert.deepEqual((await keys.find("a", number))?.bytes, bytes);
  await kms.change(key.id, () => ({ state: "PendingDeletion" }));
  await assert.rejects(one.find("a", number), { problem: "KMSInvalidState" });
});

test("a KMS key that is not there is noticed when it is needed", async (t) => {
  const { records, start } = await prepare(t, "a");
  await records.db.updateTable("streams").set({ kms_key_id: "alias/none" }).execute();
  const { kms, keys } = start();
  await assert.rejects(keys.open("a", 1), { name: "KeyFailure", problem: "NotFound" });
  await records.db.updateTable("streams").set({ kms_key_id: null }).execute();
  assert.equal((await keys.open("a", 1)).number, 0);
  assert.equal((await kms.find(home, "alias/aws/kinesisvideo"))?.manager, "AWS");
});

test("a wrapped key that was moved to another stream, or damaged, opens nothing", async (t) => {
  const { records, start, rows } = await prepare(t, "a", "b", "c", "d");
  const { keys } = start();
  await keys.open("a", 1);
  const [row] = await rows();
  const damaged = Uint8Array.from(row!.wrapped);
  damaged[damaged.length - 1]! ^= 1;
  await records.db
    .insertInto("stream_keys")
    .values([
      { ...row!, stream_id: "b" },
      { ...row!, stream_id: "c", wrapped: damaged },
      { ...row!, number: 1 },
      { ...row!, stream_id: "d", wrapped_by: "local-0" },
    ])
    .execute();
  for (const [stream, number] of [
    ["b", 0],
    ["c", 0],
    ["a", 1],
  ] as const) {
    await assert.rejects(keys.find(stream, number), { problem: "InvalidCiphertext" }, stream);
  }
  await assert.rejects(keys.find("d", 0), /a key of stream d is wrapped by local-0, which is not at hand/);
});

test("a key from before there was a KMS stays readable, and the next one is wrapped by KMS", async (t) => {
  const { records, time, wrapper, start } = await prepare(t, "a");
  const bytes = systemRandom(32);
  const wrapped = await wrapper.wrap(bytes, "millrace stream key\0a");
  const old = { wrapped, wrapped_by: wrapper.id, created_at: time.now - hour, destroyed_at: null };
  await records.db
    .insertInto("stream_keys")
    .values({ stream_id: "a", number: 0, ...old })
    .execute();
  const { keys } = start();
  assert.ok(Buffer.from(bytes).equals((await keys.find("a", 0))!.bytes));
  assert.equal((await keys.open("a", 1)).number, 1);
});

test("keys whose time is long over go, but never the newest", async (t) => {
  const { records, time, start } = await prepare(t, "a");
  const { keys } = start();
  for (let at = 0; at < 3; at++, time.now += hour) await keys.open("a", 1);
  await deleteOldStreamKeys(records.db, "a", time.now - 2 * hour);
  const found = await Promise.all([0, 1, 2].map((number) => findStreamKey(records.db, "a", number)));
  assert.deepEqual(
    found.map((row) => row?.number),
    [undefined, 1, 2],
  );
  await deleteOldStreamKeys(records.db, "a", time.now + hour);
  assert.equal((await findStreamKey(records.db, "a", 1))?.number, undefined);
  assert.equal((await findStreamKey(records.db, "a", 2))?.number, 2);
});
