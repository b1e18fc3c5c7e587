/**
 * Multipart uploads that are not completed yet, and their parts.
 */
import type { Kysely } from "kysely";
import { beyondPrefix } from "./key-order.ts";
import type { ChecksumValues, Encryption, ObjectDescription, StoredPart } from "./objects.ts";
import type { PartRow, Tables, UploadRow } from "./tables.ts";

export type Upload = ObjectDescription & {
  /** Sorts by the time of creation. */
  id: string;
  bucket: string;
  key: string;
  createdAt: number;
  /** Lower-case name. */
  checksumAlgorithm?: string;
  checksumType?: "FULL_OBJECT" | "COMPOSITE";
  /** Of all parts. `undefined`: they lie as they are. */
  encryption?: Encryption;
};

export type UploadedPart = StoredPart & { modifiedAt: number };

export type ListedUpload = Pick<
  Upload,
  "id" | "key" | "createdAt" | "storageClass" | "checksumAlgorithm" | "checksumType"
>;

export async function insertUpload(db: Kysely<Tables>, upload: Upload): Promise<void> {
  await db
    .insertInto("uploads")
    .values({
      id: upload.id,
      bucket: upload.bucket,
      key: upload.key,
      created_at: upload.createdAt,
      storage_class: upload.storageClass,
      headers: JSON.stringify(upload.headers),
      metadata: JSON.stringify(upload.metadata),
      tags: JSON.stringify(upload.tags),
      checksum_algorithm: upload.checksumAlgorithm ?? null,
      checksum_type: upload.checksumType ?? null,
      encryption: upload.encryption === undefined ? null : JSON.stringify(upload.encryption),
    })
    .execute();
}

/** An id is good only for the bucket and key it was made for. */
export async function findUpload(
  db: Kysely<Tables>,
  bucket: string,
  key: string,
  id: string,
): Promise<Upload | undefined> {
  const row = await db
    .selectFrom("uploads")
    .selectAll()
    .where("id", "=", id)
    .where("bucket", "=", bucket)
    .where("key", "=", key)
    .executeTakeFirst();
  return row && uploadOf(row);
}

/** By key, then by age. `after` without an id: strictly after that key. */
export async function listUploads(
  db: Kysely<Tables>,
  bucket: string,
  page: { prefix: string; after?: { key: string; id?: string }; from?: string; limit: number },
): Promise<ListedUpload[]> {
  const { prefix, after, from, limit } = page;
  const end = beyondPrefix(prefix);
  const rows = await db
    .selectFrom("uploads")
    .select(["id", "key", "created_at", "storage_class", "checksum_algorithm", "checksum_type"])
    .where("bucket", "=", bucket)
    .where("key", ">=", prefix)
    .$if(end !== undefined, (query) => query.where("key", "<", end!))
    .$if(from !== undefined, (query) => query.where("key", ">=", from!))
    .$if(after !== undefined && after.id === undefined, (query) => query.where("key", ">", after!.key))
    .$if(after?.id !== undefined, (query) =>
      query.where((eb) =>
        eb.or([eb("key", ">", after!.key), eb.and([eb("key", "=", after!.key), eb("id", ">", after!.id!)])]),
      ),
    )
    .orderBy("key")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    key: row.key,
    createdAt: row.created_at,
    storageClass: row.storage_class,
    ...checksumOf(row),
  }));
}

/** Ids of all uploads to a bucket. */
export async function uploadsOfBucket(db: Kysely<Tables>, bucket: string): Promise<string[]> {
  const rows = await db.selectFrom("uploads").select("id").where("bucket", "=", bucket).execute();
  return rows.map(({ id }) => id);
}

/** In the place of an earlier part of that number. In a transaction. Returns the blob that is free now. */
export async function putPart(db: Kysely<Tables>, uploadId: string, part: UploadedPart): Promise<string | undefined> {
  const earlier = await db
    .selectFrom("parts")
    .select("blob")
    .where("upload_id", "=", uploadId)
    .where("number", "=", part.number)
    .executeTakeFirst();
  const values = {
    blob: part.blob,
    size: part.size,
    etag: part.etag,
    checksums: JSON.stringify(part.checksums),
    modified_at: part.modifiedAt,
  };
  await db
    .insertInto("parts")
    .values({ upload_id: uploadId, number: part.number, ...values })
    .onConflict((conflict) => conflict.columns(["upload_id", "number"]).doUpdateSet(values))
    .execute();
  return earlier?.blob;
}

/** In ascending order. */
export async function listParts(
  db: Kysely<Tables>,
  uploadId: string,
  page: { after: number; limit: number } = { after: 0, limit: 10_000 },
): Promise<UploadedPart[]> {
  const rows = await db
    .selectFrom("parts")
    .selectAll()
    .where("upload_id", "=", uploadId)
    .where("number", ">", page.after)
    .orderBy("number")
    .limit(page.limit)
    .execute();
  return rows.map(partOf);
}

/** With its parts' rows. In a transaction. `false`: somebody else ended it. */
export async function deleteUpload(db: Kysely<Tables>, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("uploads").where("id", "=", id).executeTakeFirst();
  await db.deleteFrom("parts").where("upload_id", "=", id).execute();
  return numDeletedRows === 1n;
}

function uploadOf(row: UploadRow): Upload {
  return {
    id: row.id,
    bucket: row.bucket,
    key: row.key,
    createdAt: row.created_at,
    storageClass: row.storage_class,
    headers: JSON.parse(row.headers),
    metadata: JSON.parse(row.metadata),
    tags: JSON.parse(row.tags),
    encryption: row.encryption === null ? undefined : JSON.parse(row.encryption),
    ...checksumOf(row),
  };
}

function checksumOf(row: Pick<UploadRow, "checksum_algorithm" | "checksum_type">) {
  return {
    checksumAlgorithm: row.checksum_algorithm ?? undefined,
    checksumType: (row.checksum_type as Upload["checksumType"]) ?? undefined,
  };
}

function partOf(row: PartRow): UploadedPart {
  return {
    number: row.number,
    blob: row.blob,
    size: row.size,
    etag: row.etag,
    checksums: JSON.parse(row.checksums) as ChecksumValues,
    modifiedAt: row.modified_at,
  };
}
