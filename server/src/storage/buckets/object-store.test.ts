import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openTestKeys } from "../../../test/support/keys.ts";
import { silentLog } from "../../base/log.ts";
import { systemRandom } from "../../base/random.ts";
import { sweepBlobs } from "../../engine/retention/blob-sweeper.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { openFsBlobs } from "../blobs/fs-store.ts";
import { changeBucketSettings, insertBucket } from "../records/buckets.ts";
import { findObject } from "../records/objects.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import type { WriteEncryption } from "./bucket-store.ts";
import { openBuiltInBuckets } from "./built-in-buckets.ts";
import { createObjectKeys } from "./object-keys.ts";
import { cameFrom, createObjectStore, Vanished } from "./object-store.ts";

const hour = 3_600_000;
const small = Buffer.from("small enough for its row");
const large = randomBytes(200_000);

async function openStore(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-objects-"));
  const records = await openSqliteRecords({ path: join(folder, "records.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  t.after(async () => {
    await records.close();
    await blobs.close();
    await rm(folder, { recursive: true });
  });
  let now = Date.UTC(2026, 3, 2, 10);
  const clock = () => now;
  const options = { records, blobs, keys: openTestKeys({ records, clock }), clock, random: systemRandom };
  await insertBucket(records.db, {
    name: "b",
    account: "123456789012",
    region: "us-east-1",
    createdAt: now,
    settings: {},
  });
  const objects = createObjectStore({ ...options, objectKeys: createObjectKeys(options) });
  return {
    ...options,
    objects,
    pass: (ms: number) => {
      now += ms;
    },
    sweep: () => sweepBlobs({ records, blobs, clock, log: silentLog }),
    put: async (key: string, bytes: Uint8Array) =>
      objects.put({ ...bare, bucket: "b", key }, await objects.receive(chunked(bytes))),
    read: async (key: string, range?: { from: number; to: number }) => {
      const object = await findObject(records.db, "b", key);
      return object && collect(await objects.read(object, { range }));
    },
    loose: async () => (await records.db.selectFrom("loose_blobs").selectAll().execute()).length,
  };
}

const bare = { storageClass: "STANDARD", headers: {}, metadata: {}, tags: [] };

test("keeps small objects in their row and large ones in a blob, and gives both back", async (t) => {
  const { put, read, blobs, loose } = await openStore(t);
  assert.equal((await put("small", small)).bytes.kind, "inline");
  assert.equal((await put("empty", Buffer.alloc(0))).bytes.kind, "inline");
  assert.equal((await put("at the limit", large.subarray(0, 65_536))).bytes.kind, "inline");
  const stored = await put("large", large);
  assert.equal(stored.bytes.kind, "blob");
  assert.equal(stored.etag, createHash("md5").update(large).digest("hex"));
  assert.deepEqual(await read("small"), small);
  assert.deepEqual(await read("empty"), Buffer.alloc(0));
  assert.deepEqual(await read("large"), large);
  assert.deepEqual(await read("large", { from: 100_000, to: 100_003 }), large.subarray(100_000, 100_003));
  assert.deepEqual(await read("small", { from: 6, to: 12 }), Buffer.from("enough"));
  assert.equal((await keysOf(blobs)).length, 1);
  assert.equal(await loose(), 0);
});

test("keeps nothing of a body that ends in an error", async (t) => {
  const { objects, records, blobs, sweep, loose } = await openStore(t);
  for (const bytes of [small, large]) {
    async function* broken() {
      yield* chunked(bytes);
      throw new Error("wrong signature");
    }
    await assert.rejects(objects.receive(broken()), /wrong signature/);
  }
  assert.equal(await findObject(records.db, "b", "k"), undefined);
  await sweep();
  assert.equal(await loose(), 0);
  assert.deepEqual(await keysOf(blobs), []);
});

test("lets go of overwritten and deleted bytes once their readers have had time", async (t) => {
  const { put, read, objects, blobs, records, pass, sweep, loose } = await openStore(t);
  const first = await put("k", large);
  const reader = await objects.read(first);
  await put("k", small);
  await sweep();
  assert.deepEqual(await collect(reader), large);
  assert.equal((await keysOf(blobs)).length, 1);
  pass(hour);
  await sweep();
  assert.deepEqual(await keysOf(blobs), []);
  assert.equal(await loose(), 0);
  assert.deepEqual(await read("k"), small);

  await put("k", large);
  await objects.delete("b", "k");
  await objects.delete("b", "k");
  assert.equal(await findObject(records.db, "b", "k"), undefined);
  pass(hour);
  await sweep();
  assert.deepEqual(await keysOf(blobs), []);
});

test("fails a write whose bytes were swept because it took too long", async (t) => {
  const { objects, records, pass, sweep } = await openStore(t);
  const received = await objects.receive(chunked(large));
  pass(25 * hour);
  await sweep();
  await assert.rejects(objects.put({ ...bare, bucket: "b", key: "k" }, received), Vanished);
  assert.equal(await findObject(records.db, "b", "k"), undefined);
});

test("fails a write to a bucket that was deleted meanwhile, and no other of its group", async (t) => {
  const { objects, read } = await openStore(t);
  const bodies = await Promise.all([small, small, small].map((bytes) => objects.receive(chunked(bytes))));
  const outcomes = await Promise.allSettled([
    objects.put({ ...bare, bucket: "b", key: "one" }, bodies[0]!),
    objects.put({ ...bare, bucket: "gone", key: "two" }, bodies[1]!),
    objects.put({ ...bare, bucket: "b", key: "three" }, bodies[2]!, () => {
      throw new Error("not now");
    }),
    objects.put({ ...bare, bucket: "b", key: "four" }, bodies[2]!),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === "fulfilled" ? "kept" : outcome.reason.message)),
    ["kept", "the bucket went away meanwhile", "not now", "kept"],
  );
  assert.deepEqual(await read("four"), small);
  assert.equal(await read("three"), undefined);
});

test("lets exactly one of many writers create an object", async (t) => {
  const { objects } = await openStore(t);
  const attempts = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, index) => {
      const received = await objects.receive(chunked(index % 2 ? small : large));
      return objects.put({ ...bare, bucket: "b", key: "k" }, received, (existing) => {
        if (existing !== undefined) throw new Error("exists");
      });
    }),
  );
  assert.equal(attempts.filter(({ status }) => status === "fulfilled").length, 1);
});

test("never dates an object before the one it replaces", async (t) => {
  const { put, pass } = await openStore(t);
  const first = await put("k", small);
  pass(-5 * hour);
  assert.equal((await put("k", small)).modifiedAt, first.modifiedAt);
});

async function upload(store: Awaited<ReturnType<typeof openStore>>, parts: readonly Uint8Array[]) {
  const { objects } = store;
  const upload = await objects.begin({ ...bare, bucket: "b", key: "parts" });
  for (const [index, bytes] of parts.entries())
    await objects.putPart(
      upload,
      index + 1,
      await objects.receive(chunked(bytes), { part: { uploadId: upload.id, number: index + 1 } }),
    );
  return upload;
}

test("joins parts without moving a byte, and reads any range across them", async (t) => {
  const store = await openStore(t);
  const { objects, blobs, read, pass, sweep } = store;
  const pieces = [randomBytes(3000), randomBytes(1), randomBytes(70_000), randomBytes(10)];
  const whole = Buffer.concat(pieces);
  const begun = await upload(store, [...pieces, randomBytes(500)]);
  // Sent again: the later one counts.
  await objects.putPart(
    begun,
    2,
    await objects.receive(chunked(pieces[1]!), { part: { uploadId: begun.id, number: 2 } }),
  );
  const stored = await objects.complete(begun, (parts) => ({
    size: whole.length,
    etag: "joined-4",
    checksums: { type: "FULL_OBJECT", values: {} },
    bytes: { kind: "parts", parts: parts.slice(0, 4) },
  }));
  assert.ok(cameFrom(stored, begun.id));
  assert.ok(!cameFrom(stored, begun.id.slice(1)));
  assert.deepEqual(await read("parts"), whole);
  for (const [from, to] of [
    [0, 1],
    [2999, 3001],
    [3000, 3001],
    [2999, 3002],
    [1, whole.length],
    [73_000, 73_011],
    [0, 3000],
    [5, 5],
  ] as const)
    assert.deepEqual(await read("parts", { from, to }), whole.subarray(from, to), `${from}-${to}`);
  await assert.rejects(
    objects.complete(begun, () => assert.fail("asked for what is gone")),
    Vanished,
  );

  pass(hour);
  await sweep();
  assert.equal((await keysOf(blobs)).length, 4);
  assert.deepEqual(await read("parts"), whole);
  await objects.delete("b", "parts");
  pass(hour);
  await sweep();
  assert.deepEqual(await keysOf(blobs), []);
});

test("frees the parts of an upload that is aborted, also when its bucket is deleted", async (t) => {
  const store = await openStore(t);
  const { objects, blobs, pass, sweep, loose } = store;
  const first = await upload(store, [small, large]);
  await upload(store, [small]);
  const late = await objects.receive(chunked(small), { part: { uploadId: first.id, number: 3 } });
  assert.equal(await objects.abort("b", "other", first.id), false);
  assert.equal(await objects.abort("b", "parts", first.id), true);
  assert.equal(await objects.abort("b", "parts", first.id), false);
  await assert.rejects(objects.putPart(first, 3, late), Vanished);
  await objects.discard(late);
  assert.equal(await objects.deleteBucket("b"), "deleted");
  assert.equal(await objects.deleteBucket("b"), "missing");
  pass(hour);
  await sweep();
  assert.deepEqual(await keysOf(blobs), []);
  assert.equal(await loose(), 0);
});

test("gives jobs the same objects: reads, writes, moves, lists and deletes", async (t) => {
  const store = await openStore(t);
  const buckets = openBuiltInBuckets(store);
  const head = await buckets.write({ bucket: "b", key: "tmp/1" }, chunked(large), { contentType: "video/mp4" });
  assert.deepEqual(await buckets.head({ bucket: "b", key: "tmp/1" }), head);
  assert.equal(head.contentType, "video/mp4");
  await store.put("final", small);
  assert.equal(await buckets.move({ bucket: "b", key: "tmp/1" }, "final"), "moved");
  assert.equal(await buckets.move({ bucket: "b", key: "tmp/1" }, "final"), "missing");
  assert.deepEqual(await collect((await buckets.read({ bucket: "b", key: "final" }))!), large);
  const range = { from: 199_990, to: 300_000 };
  assert.deepEqual(await collect((await buckets.read({ bucket: "b", key: "final" }, range))!), large.subarray(199_990));
  assert.equal(await buckets.read({ bucket: "b", key: "tmp/1" }), undefined);
  for (const key of ["list/é", "list/z", "list/\u{1f600}", "list", "list0"]) await store.put(key, small);
  assert.deepEqual(await Array.fromAsync(buckets.list("b", "list/")), ["list/z", "list/é", "list/\u{1f600}"]);
  await buckets.delete({ bucket: "b", key: "final" });
  await buckets.delete({ bucket: "b", key: "final" });
  assert.equal(await buckets.head({ bucket: "b", key: "final" }), undefined);

  const nowhere = { bucket: "gone", key: "k" };
  for (const act of [
    () => buckets.head(nowhere),
    () => buckets.read(nowhere),
    () => buckets.write(nowhere, chunked(small), { contentType: "text/plain" }),
    () => buckets.move(nowhere, "x"),
    () => buckets.delete(nowhere),
    () => Array.fromAsync(buckets.list("gone", "")),
  ])
    await assert.rejects(act, { name: "BucketError", kind: "no-bucket" });
  assert.equal(await buckets.bucketExists("gone"), false);
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(
    buckets.write({ bucket: "b", key: "k" }, chunked(large), { contentType: "text/plain", signal }),
    /stop/,
  );
});

test("seals what jobs write as the bucket says, or as they ask, and binds the key to the final name", async (t) => {
  const { records, blobs, keys, objects, ...store } = await openStore(t);
  const buckets = openBuiltInBuckets({ records, blobs, keys, ...store });
  const contentType = "video/mp4";
  const home = { account: "123456789012", region: "us-east-1" };
  const { arn, id } = await keys.create(home, { description: "", policy: "{}", tags: {} });
  const sealOf = async (key: string) => (await findObject(records.db, "b", key))?.encryption;
  const write = (key: string, encryption?: WriteEncryption) =>
    buckets.write({ bucket: "b", key }, chunked(large), { contentType, encryption });

  await write("default");
  assert.equal((await sealOf("default"))!.mode, "AES256");
  await changeBucketSettings(records.db, "b", () => ({ encryption: { mode: "aws:kms", keyId: id } }));
  await write("tmp/1");
  assert.deepEqual((await sealOf("tmp/1"))!.context, { "aws:s3:arn": "arn:aws:s3:::b/tmp/1" });
  await write("asked", { mode: "AES256" });
  assert.equal((await sealOf("asked"))!.mode, "AES256");

  assert.equal(await buckets.move({ bucket: "b", key: "tmp/1" }, "final"), "moved");
  const { mode, keyArn, context } = (await sealOf("final"))!;
  assert.deepEqual([mode, keyArn, context], ["aws:kms", arn, { "aws:s3:arn": "arn:aws:s3:::b/final" }]);
  assert.deepEqual(await collect((await buckets.read({ bucket: "b", key: "final" }))!), large);
  const file = await collect((await blobs.get((await keysOf(blobs))[0]!))!);
  assert.equal(file.includes(large.subarray(0, 32)), false);

  await keys.change(id, () => ({ state: "Disabled" }));
  for (const act of [() => buckets.read({ bucket: "b", key: "final" }), () => write("tmp/2")])
    await assert.rejects(act, { name: "BucketError", kind: "access-denied" });
  assert.deepEqual(await collect((await buckets.read({ bucket: "b", key: "asked" }))!), large);
  await keys.change(id, () => ({ state: "Enabled" }));
  assert.deepEqual(await collect((await buckets.read({ bucket: "b", key: "final" }))!), large);
});

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384);
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

async function keysOf(blobs: BlobStore): Promise<string[]> {
  return (await Array.fromAsync(blobs.list("objects/"))).map(({ key }) => key);
}
