/**
 * The bucket and the object that a request names, each looked for once: what was authorized is what is acted on.
 */
import { type Bucket, findBucket } from "../../storage/records/buckets.ts";
import { findObject, findWithBucket, type StoredObject } from "../../storage/records/objects.ts";
import type { Call } from "./context.ts";

/** Few enough to be looked through. */
type Found = {
  buckets: { name: string; found: Promise<{ bucket?: Bucket }> }[];
  objects: { bucket: string; key: string; found: Promise<{ object?: StoredObject }> }[];
};

const foundBy = new WeakMap<Call, Found>();

export async function bucketOf(ctx: Call, name: string): Promise<Bucket | undefined> {
  const { buckets } = lookedFor(ctx);
  const known = buckets.find((one) => one.name === name);
  if (known !== undefined) return (await known.found).bucket;
  const found = findBucket(ctx.records.db, name).then((bucket) => ({ bucket }));
  buckets.push({ name, found });
  return (await found).bucket;
}

export async function objectOf(ctx: Call, bucket: string, key: string): Promise<StoredObject | undefined> {
  const { buckets, objects } = lookedFor(ctx);
  const known = objects.find((one) => one.key === key && one.bucket === bucket);
  if (known !== undefined) return (await known.found).object;
  let found: Promise<{ object?: StoredObject }>;
  if (buckets.some(({ name }) => name === bucket)) {
    found = findObject(ctx.records.db, bucket, key).then((object) => ({ object }));
  } else {
    const both = findWithBucket(ctx.records.db, bucket, key);
    buckets.push({ name: bucket, found: both });
    found = both;
  }
  objects.push({ bucket, key, found });
  return (await found).object;
}

function lookedFor(ctx: Call): Found {
  let found = foundBy.get(ctx);
  if (found === undefined) {
    found = { buckets: [], objects: [] };
    foundBy.set(ctx, found);
  }
  return found;
}
