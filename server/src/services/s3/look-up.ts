/**
 * The bucket and the object that a request names, each looked for once: what was authorized is what is acted on.
 */
import { type Bucket, findBucket } from "../../storage/records/buckets.ts";
import { findObject, findWithBucket, type StoredObject } from "../../storage/records/objects.ts";
import type { Call } from "./context.ts";

/** Few enough to be looked through. */
type Looks = {
  buckets: { name: string; look: Promise<{ bucket?: Bucket }> }[];
  objects: { bucket: string; key: string; look: Promise<{ object?: StoredObject }> }[];
};

/** With the call, and gone with it. */
const looks = Symbol("looks");
type Looking = Call & { [looks]?: Looks };

export async function bucketOf(ctx: Call, name: string): Promise<Bucket | undefined> {
  const { buckets } = looksOf(ctx);
  const known = buckets.find((one) => one.name === name);
  if (known !== undefined) return (await known.look).bucket;
  const look = findBucket(ctx.records.db, name).then((bucket) => ({ bucket }));
  buckets.push({ name, look });
  return (await look).bucket;
}

export async function objectOf(ctx: Call, bucket: string, key: string): Promise<StoredObject | undefined> {
  const { buckets, objects } = looksOf(ctx);
  const known = objects.find((one) => one.key === key && one.bucket === bucket);
  if (known !== undefined) return (await known.look).object;
  let look: Promise<{ object?: StoredObject }>;
  if (buckets.some(({ name }) => name === bucket)) {
    look = findObject(ctx.records.db, bucket, key).then((object) => ({ object }));
  } else {
    const both = findWithBucket(ctx.records.db, bucket, key);
    buckets.push({ name: bucket, look: both });
    look = both;
  }
  objects.push({ bucket, key, look });
  return (await look).object;
}

function looksOf(ctx: Looking): Looks {
  ctx[looks] ??= { buckets: [], objects: [] };
  return ctx[looks];
}
