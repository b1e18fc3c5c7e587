/**
 * What every operation of S3 is given beside its input, and what they all begin with.
 */
import type { Log } from "../../base/log.ts";
import type { ObjectStore } from "../../storage/buckets/object-store.ts";
import { type Bucket, findBucket } from "../../storage/records/buckets.ts";
import { findObject, type StoredObject } from "../../storage/records/objects.ts";
import type { Records } from "../../storage/records/records.ts";
import type { RequestContext } from "../operation.ts";
import { accessDenied, invalidVersion, noSuchBucket, noSuchKey } from "./errors.ts";

export type S3Context = { records: Records; objects: ObjectStore; log: Log };

export type Call = S3Context & RequestContext;

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}

/** The caller's bucket. Region is no border: whoever signs for another one still finds it. */
export async function needBucket(
  ctx: Call,
  { Bucket: name, ExpectedBucketOwner }: { Bucket: string; ExpectedBucketOwner?: string },
): Promise<Bucket> {
  const bucket = await findBucket(ctx.records.db, name);
  if (bucket === undefined) throw noSuchBucket(name);
  if (bucket.account !== ctx.accountId) throw accessDenied();
  if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== bucket.account) throw accessDenied();
  return bucket;
}

type ObjectInput = { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string };

/** The object in the caller's bucket. Nothing has versions: the only one is called `null`. */
export async function needObject(ctx: Call, input: ObjectInput): Promise<StoredObject> {
  await needBucket(ctx, input);
  const object = await findObject(ctx.records.db, input.Bucket, input.Key);
  checkVersion(input.VersionId, input.Key);
  if (object === undefined) throw noSuchKey(input.Key);
  return object;
}

export function checkVersion(versionId: string | undefined, key: string): void {
  if (versionId !== undefined && versionId !== "null") throw invalidVersion(versionId, key);
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
