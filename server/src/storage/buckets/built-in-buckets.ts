/**
 * The buckets of the built-in S3 service, as jobs see them.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { KeyFailure, type KeyStore } from "../keys/key-store.ts";
import { type Bucket, findBucket } from "../records/buckets.ts";
import { findObject, listObjects, type StoredObject } from "../records/objects.ts";
import type { Records } from "../records/records.ts";
import { BucketError, type BucketStore, type ObjectHead } from "./bucket-store.ts";
import { createObjectKeys, type EncryptionRule } from "./object-keys.ts";
import { createObjectStore, Vanished } from "./object-store.ts";

const listedAtOnce = 1000;

/** `move` is one transaction. Closing leaves `records` and `blobs` to whoever opened them. */
export function openBuiltInBuckets(options: {
  records: Records;
  blobs: BlobStore;
  keys: KeyStore;
  clock: Clock;
  random: Random;
}): BucketStore {
  const { db } = options.records;
  const objectKeys = createObjectKeys(options);
  const objects = createObjectStore({ ...options, objectKeys });

  async function needBucket(name: string): Promise<Bucket> {
    const bucket = await findBucket(db, name);
    if (bucket === undefined) throw noBucket(name);
    return bucket;
  }

  /** A missing object may mean a missing bucket, which is another answer. */
  async function find({ bucket, key }: { bucket: string; key: string }): Promise<StoredObject | undefined> {
    const object = await findObject(db, bucket, key);
    if (object === undefined) await needBucket(bucket);
    return object;
  }

  return {
    bucketExists: (bucket) => guarded(async () => (await findBucket(db, bucket)) !== undefined),

    head: (ref) =>
      guarded(async () => {
        const object = await find(ref);
        return object && headOf(object);
      }),

    read: (ref, range) =>
      guarded(async () => {
        const object = await find(ref);
        if (object === undefined) return undefined;
        if (range === undefined) return objects.read(object);
        const to = Math.min(range.to, object.size);
        return objects.read(object, { range: { from: Math.min(range.from, to), to } });
      }),

    write: ({ bucket, key }, body, { contentType, storageClass = "STANDARD", metadata = {}, encryption, signal }) =>
      guarded(async () => {
        const found = await needBucket(bucket);
        const rule: EncryptionRule = encryption ?? found.settings.encryption ?? { mode: "AES256" };
        const sealing = await objectKeys.create(found, key, rule);
        const received = await objects.receive(body, { sealing, signal });
        signal?.throwIfAborted();
        const headers = { "content-type": contentType };
        try {
          return headOf(await objects.put({ bucket, key, storageClass, headers, metadata, tags: [] }, received));
        } catch (error) {
          throw error instanceof Vanished && error.what === "bucket" ? noBucket(bucket) : error;
        }
      }, signal),

    move: ({ bucket, key }, toKey) =>
      guarded(async () => {
        const outcome = await objects.move(bucket, key, toKey);
        if (outcome === "missing") await needBucket(bucket);
        return outcome;
      }),

    async *list(bucket, prefix) {
      let after: string | undefined;
      for (;;) {
        const page = await guarded(() => listObjects(db, bucket, { prefix, after, limit: listedAtOnce }));
        if (page.length === 0 && after === undefined) await needBucket(bucket);
        for (const { key } of page) yield key;
        if (page.length < listedAtOnce) return;
        after = page.at(-1)!.key;
      }
    },

    delete: (ref) => guarded(async () => void ((await find(ref)) && (await objects.delete(ref.bucket, ref.key)))),

    async close() {},
  };
}

function headOf({ size, etag, headers, modifiedAt, encryption }: StoredObject): ObjectHead {
  const { keyArn, context = {} } = encryption ?? {};
  return {
    sizeBytes: size,
    etag,
    contentType: headers["content-type"] ?? "binary/octet-stream",
    modifiedAt,
    ...(keyArn !== undefined && { kms: { keyArn, context } }),
  };
}

function noBucket(bucket: string): BucketError {
  return new BucketError("no-bucket", `there is no bucket ${bucket}`);
}

/** What went wrong below, in the caller's terms. Its own abort comes out as it went in. */
async function guarded<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BucketError || signal?.aborted) throw error;
    if (error instanceof KeyFailure) throw new BucketError("access-denied", error.message, { cause: error });
    throw new BucketError("failed", "the bucket could not be used", { cause: error });
  }
}
