/**
 * The bucket and the object that a request names, each looked for once: what was authorized is what is acted on.
 */
import { type Bucket, findBucket } from "../../storage/records/buckets.ts";
import { findObject, type StoredObject } from "../../storage/records/objects.ts";
import type { Call } from "./context.ts";

type Found = {
  buckets: Map<string, Promise<Bucket | undefined>>;
  objects: Map<string, Promise<StoredObject | undefined>>;
};

const found = new WeakMap<Call, Found>();

export function bucketOf(ctx: Call, name: string): Promise<Bucket | undefined> {
  return once(foundBy(ctx).buckets, name, () => findBucket(ctx.records.db, name));
}

export function objectOf(ctx: Call, bucket: string, key: string): Promise<StoredObject | undefined> {
  return once(foundBy(ctx).objects, `${bucket}/${key}`, () => findObject(ctx.records.db, bucket, key));
}

function foundBy(ctx: Call): Found {
  const known = found.get(ctx) ?? { buckets: new Map(), objects: new Map() };
  found.set(ctx, known);
  return known;
}

function once<Value>(known: Map<string, Promise<Value>>, name: string, find: () => Promise<Value>): Promise<Value> {
  const value = known.get(name) ?? find();
  known.set(name, value);
  return value;
}
