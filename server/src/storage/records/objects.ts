/**
 * Objects: their row, as what it holds, and the queries on it.
 *
 * A row holds its bytes in one of three ways: in itself, in one blob, or in the blobs of the parts it was uploaded in.
 */
import type { Kysely } from "kysely";
import { type Bucket, bucketColumns, bucketOf, type Tag } from "./buckets.ts";
import { beyondPrefix } from "./key-order.ts";
import { prepared } from "./prepared.ts";
import { parseShared } from "./shared-json.ts";
import type { BucketRow, ObjectRow, Tables } from "./tables.ts";

/** Base64, by the algorithm's lower-case name. */
export type ChecksumValues = Readonly<Record<string, string>>;

export type Checksums = { type: "FULL_OBJECT" | "COMPOSITE"; values: ChecksumValues };

export type StoredPart = { number: number; blob: string; size: number; etag: string; checksums: ChecksumValues };

export type ObjectBytes =
  | { kind: "inline"; bytes: Uint8Array }
  | { kind: "blob"; blob: string }
  | { kind: "parts"; parts: readonly StoredPart[] };

/** How the bytes are sealed, and what opens them beside the keys: object-keys.ts. */
export type Encryption = {
  /** As S3 calls it; `customer`: under a key that clients bring with each request. */
  mode: "AES256" | "aws:kms" | "customer";
  /** The data key, wrapped; base64. */
  wrapped: string;
  /** Of `aws:kms`. */
  keyArn?: string;
  /** Of `aws:kms`: the data key serves the bucket for a while. */
  bucketKey?: boolean;
  /** What the wrapped key is bound to. */
  context?: Readonly<Record<string, string>>;
  /** Of `customer`, base64. */
  keyMd5?: string;
};

/** What goes with the bytes and can be replaced without them. */
export type ObjectDescription = {
  storageClass: string;
  /** By lower-case header name. */
  headers: Readonly<Record<string, string>>;
  /** Without `x-amz-meta-`, lower-case. */
  metadata: Readonly<Record<string, string>>;
  tags: readonly Tag[];
};

export type StoredObject = ObjectDescription & {
  bucket: string;
  key: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** Whole seconds, in milliseconds: what Last-Modified can say. */
  modifiedAt: number;
  checksums: Checksums;
  bytes: ObjectBytes;
  /** `undefined`: the bytes lie as they are. */
  encryption?: Encryption;
};

/** What a listing tells of an object. */
export type ListedObject = Pick<StoredObject, "key" | "size" | "etag" | "modifiedAt" | "storageClass" | "checksums">;

export async function findObject(db: Kysely<Tables>, bucket: string, key: string): Promise<StoredObject | undefined> {
  const [row] = (await objectQuery(db, [bucket, key])).rows;
  return row && objectOf(bucket, key, row);
}

const contents = [
  "size",
  "etag",
  "modified_at",
  "storage_class",
  "headers",
  "metadata",
  "tags",
  "checksums",
  "inline",
  "blob",
  "parts",
  "encryption",
] as const;

type Contents = Pick<ObjectRow, (typeof contents)[number]>;

const objectQuery = prepared<[string, string], Contents>(2, (db, [bucket, key]) =>
  db.selectFrom("objects").select(contents).where("bucket", "=", bucket).where("key", "=", key),
);

/** Both in one look, for an object is hardly ever wanted without its bucket. */
export async function findWithBucket(
  db: Kysely<Tables>,
  bucket: string,
  key: string,
): Promise<{ bucket?: Bucket; object?: StoredObject }> {
  const [row] = (await withBucketQuery(db, [key, bucket])).rows;
  if (row === undefined) return {};
  const isThere = row.size !== null;
  return { bucket: bucketOf(row), object: isThere ? objectOf(bucket, key, row as Contents) : undefined };
}

type Nullable<Row> = { [Column in keyof Row]: Row[Column] | null };

const withBucketQuery = prepared<[string, string], BucketRow & Nullable<Contents>>(2, (db, [key, bucket]) =>
  db
    .selectFrom("buckets")
    .leftJoin("objects", (join) => join.onRef("objects.bucket", "=", "buckets.name").on("objects.key", "=", key))
    .select([...bucketColumns, ...contents])
    .where("name", "=", bucket),
);

/** What a write wants to know of what it replaces: anything but the bytes themselves. */
export type Replaced = Pick<StoredObject, "size" | "etag" | "modifiedAt"> & { blobs: readonly string[] };

/** `undefined`: there is no such bucket. */
export async function findReplaced(
  db: Kysely<Tables>,
  bucket: string,
  key: string,
): Promise<{ object?: Replaced } | undefined> {
  const [row] = (await replacedQuery(db, [key, bucket])).rows;
  if (row === undefined) return undefined;
  const { size, etag, modified_at: modifiedAt } = row;
  if (size === null || etag === null || modifiedAt === null) return {};
  const bytes = bytesOf({ parts: row.parts, blob: row.blob, inline: null });
  return { object: { size, etag, modifiedAt, blobs: blobsOf(bytes) } };
}

const replacedColumns = ["size", "etag", "modified_at", "blob", "parts"] as const;

const replacedQuery = prepared<[string, string], Nullable<Pick<ObjectRow, (typeof replacedColumns)[number]>>>(
  2,
  (db, [key, bucket]) =>
    db
      .selectFrom("buckets")
      .leftJoin("objects", (join) => join.onRef("objects.bucket", "=", "buckets.name").on("objects.key", "=", key))
      .select(replacedColumns)
      .where("name", "=", bucket),
);

/** In the place of what the key named before. */
export async function putObjectRow(db: Kysely<Tables>, object: StoredObject): Promise<void> {
  const row = rowOf(object);
  const values = contents.map((column) => row[column]);
  await putQuery(db, [row.bucket, row.key, ...values]);
}

const putQuery = prepared<unknown[], never>(2 + contents.length, (db, [bucket, key, ...values]) =>
  db
    .insertInto("objects")
    .values({ bucket, key, ...Object.fromEntries(contents.map((column, at) => [column, values[at]])) } as never)
    .onConflict((conflict) =>
      conflict
        .columns(["bucket", "key"])
        .doUpdateSet((eb) => Object.fromEntries(contents.map((column) => [column, eb.ref(`excluded.${column}`)]))),
    ),
);

export async function deleteObjectRow(db: Kysely<Tables>, bucket: string, key: string): Promise<void> {
  await db.deleteFrom("objects").where("bucket", "=", bucket).where("key", "=", key).execute();
}

/** `true`: the object was there. */
export async function setObjectTags(
  db: Kysely<Tables>,
  bucket: string,
  key: string,
  tags: readonly Tag[],
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("objects")
    .set({ tags: JSON.stringify(tags) })
    .where("bucket", "=", bucket)
    .where("key", "=", key)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** In byte order of the keys. `after`: strictly; `from`: or equal. */
export async function listObjects(
  db: Kysely<Tables>,
  bucket: string,
  page: { prefix: string; after?: string; from?: string; limit: number },
): Promise<ListedObject[]> {
  const end = beyondPrefix(page.prefix);
  const rows = await db
    .selectFrom("objects")
    .select(["key", "size", "etag", "modified_at", "storage_class", "checksums"])
    .where("bucket", "=", bucket)
    .where("key", ">=", page.prefix)
    .$if(end !== undefined, (query) => query.where("key", "<", end!))
    .$if(page.after !== undefined, (query) => query.where("key", ">", page.after!))
    .$if(page.from !== undefined, (query) => query.where("key", ">=", page.from!))
    .orderBy("key")
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({
    key: row.key,
    size: row.size,
    etag: row.etag,
    modifiedAt: row.modified_at,
    storageClass: row.storage_class,
    checksums: JSON.parse(row.checksums),
  }));
}

/** The blobs that go when the row goes. */
export function blobsOf(bytes: ObjectBytes): readonly string[] {
  if (bytes.kind === "inline") return [];
  return bytes.kind === "blob" ? [bytes.blob] : bytes.parts.map(({ blob }) => blob);
}

function objectOf(bucket: string, key: string, row: Contents): StoredObject {
  return {
    bucket,
    key,
    size: row.size,
    etag: row.etag,
    modifiedAt: row.modified_at,
    storageClass: row.storage_class,
    headers: parseShared(row.headers),
    metadata: parseUnless("{}", row.metadata),
    tags: parseUnless("[]", row.tags),
    checksums: parseUnless(noChecksums, row.checksums),
    bytes: bytesOf(row),
    encryption: row.encryption === null ? undefined : parseShared(row.encryption),
  };
}

const noChecksums = JSON.stringify({ type: "FULL_OBJECT", values: {} } satisfies Checksums);

/** What hardly two objects have the same of, if any. */
function parseUnless<Value>(none: string, text: string): Value {
  return text === none ? parseShared(none) : JSON.parse(text);
}

function bytesOf(row: Pick<Nullable<ObjectRow>, "inline" | "blob" | "parts">): ObjectBytes {
  if (row.parts !== null) return { kind: "parts", parts: JSON.parse(row.parts) };
  if (row.blob !== null) return { kind: "blob", blob: row.blob };
  return { kind: "inline", bytes: row.inline ?? new Uint8Array() };
}

function rowOf(object: StoredObject): ObjectRow {
  const { bytes } = object;
  return {
    bucket: object.bucket,
    key: object.key,
    size: object.size,
    etag: object.etag,
    modified_at: object.modifiedAt,
    storage_class: object.storageClass,
    headers: JSON.stringify(object.headers),
    metadata: JSON.stringify(object.metadata),
    tags: JSON.stringify(object.tags),
    checksums: JSON.stringify(object.checksums),
    inline: bytes.kind === "inline" ? bytes.bytes : null,
    blob: bytes.kind === "blob" ? bytes.blob : null,
    parts: bytes.kind === "parts" ? JSON.stringify(bytes.parts) : null,
    encryption: object.encryption === undefined ? null : JSON.stringify(object.encryption),
  };
}
