/**
 * The bucket and the object that a request names, each looked for once: what was authorized is what is acted on.
 */
import { type Bucket, findBucket } from "../../storage/records/buckets.ts";
import { findObject, findWithBucket, type StoredObject } from "../../storage/records/objects.ts";
import type { Call } from "./context.ts";

/** By name, `BUCKET` and `BUCKET/KEY`. */
type Found = {
  buckets: Map<string, Promise<{ bucket?: Bucket }>>;
  objects: Map<string, Promise<{ object?: StoredObject }>>;
};

const found = new WeakMap<Call, Found>();

export async function bucketOf(ctx: Call, name: string): Promise<Bucket | undefined> {
  const { buckets } = foundBy(ctx);
  let known = buckets.get(name);
  if (known === undefined) {
    known = findBucket(ctx.records.db, name).then((bucket) => ({ bucket }));
    buckets.set(name, known);
  }
  return (await known).bucket;
}

export async function objectOf(ctx: Call, bucket: string, key: string): Promise<StoredObject | undefined> {
  const { buckets, objects } = foundBy(ctx);
  const name = `${bucket}/${key}`;
  let known = objects.get(name);
  if (known === undefined) {
    if (buckets.has(bucket)) {
      known = findObject(ctx.records.db, bucket, key).then((object) => ({ object }));
    } else {
      const both = findWithBucket(ctx.records.db, bucket, key);
      buckets.set(bucket, both);
      known = both;
    }
    objects.set(name, known);
  }
  return (await known).object;
}

function foundBy(ctx: Call): Found {
  let known = found.get(ctx);
  if (known === undefined) {
    known = { buckets: new Map(), objects: new Map() };
    found.set(ctx, known);
  }
  return known;
}
