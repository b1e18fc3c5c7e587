/**
 * What every operation of S3 is given beside its input, and what they all begin with.
 */
import type { Log } from "../../base/log.ts";
import type { ObjectKeys } from "../../storage/buckets/object-keys.ts";
import type { ObjectStore } from "../../storage/buckets/object-store.ts";
import type { KeyStore } from "../../storage/keys/key-store.ts";
import type { Bucket } from "../../storage/records/buckets.ts";
import type { StoredObject } from "../../storage/records/objects.ts";
import type { Records } from "../../storage/records/records.ts";
import type { RequestContext } from "../operation.ts";
import { mayList } from "./access.ts";
import { accessDenied, invalidVersion, noSuchBucket, noSuchKey } from "./errors.ts";
import { bucketOf, objectOf } from "./look-up.ts";

export type S3Context = {
  records: Records;
  objects: ObjectStore;
  objectKeys: ObjectKeys;
  keys: KeyStore;
  log: Log;
};

export type Call = S3Context & RequestContext;

/** Region is no border: whoever signs for another one still finds it. Whose it is, policies have judged. */
export async function needBucket(
  ctx: Call,
  { Bucket: name, ExpectedBucketOwner }: { Bucket: string; ExpectedBucketOwner?: string },
): Promise<Bucket> {
  const bucket = await bucketOf(ctx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== bucket.account) throw accessDenied();
  return bucket;
}

type ObjectInput = { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string };

/** Nothing has versions: the only one is called `null`. */
export async function needObject(ctx: Call, input: ObjectInput): Promise<StoredObject> {
  await needBucket(ctx, input);
  const object = await objectOf(ctx, input.Bucket, input.Key);
  checkVersion(input.VersionId, input.Key);
  if (object === undefined) throw await missingKey(ctx, input.Bucket, input.Key);
  return object;
}

/** Who may not list a bucket is not told that it lacks a key. */
export async function missingKey(ctx: Call, bucket: string, key: string) {
  return (await mayList(ctx, bucket)) ? noSuchKey(key) : accessDenied();
}

export function checkVersion(versionId: string | undefined, key: string): void {
  if (versionId !== undefined && versionId !== "null") throw invalidVersion(versionId, key);
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
