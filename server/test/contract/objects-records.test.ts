/** The rows of objects, on both engines: what is put is found, and nothing else. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import { type Bucket, insertBucket } from "../../src/storage/records/buckets.ts";
import {
  findObject,
  findReplaced,
  findWithBucket,
  putObjectRow,
  type StoredObject,
} from "../../src/storage/records/objects.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { postgresMissing, temporaryDatabase } from "../support/postgres.ts";

const bucket: Bucket = {
  name: "bucket",
  account: "123456789012",
  region: "eu-central-1",
  createdAt: 1_775_000_000_000,
  settings: { tags: [{ Key: "a", Value: "b" }] },
};

const plain: StoredObject = {
  bucket: "bucket",
  key: "folder/plain",
  size: 3,
  etag: "900150983cd24fb0d6963f7d28e17f72",
  modifiedAt: 1_775_000_001_000,
  storageClass: "STANDARD",
  headers: { "content-type": "video/mp4" },
  metadata: {},
  tags: [],
  checksums: { type: "FULL_OBJECT", values: {} },
  bytes: { kind: "inline", bytes: Uint8Array.of(97, 98, 99) },
  encryption: { mode: "AES256", wrapped: "d3JhcHBlZA==", context: { "aws:s3:arn": "arn:aws:s3:::bucket" } },
};

const part = { number: 1, size: 5, etag: "e", checksums: {} };
const objects: readonly StoredObject[] = [
  plain,
  { ...plain, key: "empty", size: 0, bytes: { kind: "inline", bytes: new Uint8Array() }, encryption: undefined },
  { ...plain, key: "blob", bytes: { kind: "blob", blob: "objects/a/1" }, metadata: { a: "ü" } },
  {
    ...plain,
    key: "parts",
    size: 10,
    bytes: {
      kind: "parts",
      parts: [
        { ...part, blob: "objects/a/2" },
        { ...part, blob: "objects/a/3" },
      ],
    },
    tags: [{ Key: "k", Value: "v" }],
    checksums: { type: "COMPOSITE", values: { crc32: "AAAAAA==" } },
    storageClass: "GLACIER",
  },
];

async function keepsObjects(records: Records) {
  const { db } = records;
  assert.deepEqual(await findWithBucket(db, "bucket", "blob"), {});
  assert.equal(await findReplaced(db, "bucket", "blob"), undefined);
  await insertBucket(db, bucket);
  assert.deepEqual(await findWithBucket(db, "bucket", "blob"), { bucket, object: undefined });
  assert.deepEqual(await findReplaced(db, "bucket", "blob"), {});
  await putObjectRow(db, { ...plain, bucket: "other", key: "blob" });
  assert.equal(await findObject(db, "bucket", "blob"), undefined);

  // Each in the place of each other: nothing of what was there stays.
  for (const first of objects) {
    for (const second of objects) {
      await putObjectRow(db, { ...first, key: "k" });
      await putObjectRow(db, { ...second, key: "k" });
      const expected = { ...second, key: "k" };
      assert.deepEqual(comparable(await findObject(db, "bucket", "k")), expected);
      const both = await findWithBucket(db, "bucket", "k");
      assert.deepEqual({ ...both, object: comparable(both.object) }, { bucket, object: expected });
    }
  }
  for (const object of objects) await putObjectRow(db, object);
  for (const { key, size, etag, modifiedAt } of objects) {
    const blobs = { blob: ["objects/a/1"], parts: ["objects/a/2", "objects/a/3"] }[key] ?? [];
    assert.deepEqual(await findReplaced(db, "bucket", key), { object: { size, etag, modifiedAt, blobs } });
  }
  assert.equal(await findReplaced(db, "other", "blob"), undefined);

  await assert.rejects(
    records.transaction(async (inside) => {
      await putObjectRow(inside, { ...plain, size: 4 });
      assert.equal((await findObject(inside, "bucket", plain.key))?.size, 4);
      assert.equal((await findReplaced(inside, "bucket", plain.key))?.object?.size, 4);
      throw new Error("rolled back");
    }),
    /rolled back/,
  );
  assert.equal((await findWithBucket(db, "bucket", plain.key)).object?.size, 3);
}

/** Engines hand out bytes of one class or another. */
function comparable(object: StoredObject | undefined) {
  if (object?.bytes.kind !== "inline") return object;
  return { ...object, bytes: { kind: "inline", bytes: Uint8Array.from(object.bytes.bytes) } };
}

test("rows of objects in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-objects-"));
  await closing(await openSqliteRecords({ path: join(folder, "millrace.db") }), keepsObjects);
  await rm(folder, { recursive: true });
});

test("rows of objects in PostgreSQL", { skip: postgresMissing }, async () => {
  await using database = await temporaryDatabase();
  await closing(await openPostgresRecords({ url: database.url, log: silentLog }), keepsObjects);
});

async function closing(records: Records, work: (records: Records) => Promise<void>) {
  try {
    await work(records);
  } finally {
    await records.close();
  }
}
