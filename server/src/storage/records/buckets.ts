/**
 * Buckets: their row and the queries on it. Names are unique across accounts, as S3's are.
 */
import type { Kysely } from "kysely";
import { prepared } from "./prepared.ts";
import { parseShared } from "./shared-json.ts";
import type { BucketRow, Tables } from "./tables.ts";

export type Tag = { Key: string; Value: string };

export type CorsRule = {
  ID?: string;
  AllowedOrigins: readonly string[];
  AllowedMethods: readonly string[];
  AllowedHeaders?: readonly string[];
  ExposeHeaders?: readonly string[];
  MaxAgeSeconds?: number;
};

export type BucketSettings = {
  tags?: readonly Tag[];
  cors?: readonly CorsRule[];
  /** The bucket policy, as it was written. */
  policy?: string;
  publicAccessBlock?: PublicAccessBlock;
  /** Of new objects. Default: `AES256`. */
  encryption?: BucketEncryption;
};

export type PublicAccessBlock = {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
};

export type BucketEncryption = {
  mode: "AES256" | "aws:kms";
  /** In any form that KMS knows. Default: the service's own key. */
  keyId?: string;
  bucketKey?: boolean;
  /** Keys that clients bring are refused. */
  blocksCustomerKeys?: boolean;
};

export type Bucket = { name: string; account: string; region: string; createdAt: number; settings: BucketSettings };

export async function insertBucket(db: Kysely<Tables>, bucket: Bucket): Promise<"inserted" | "exists"> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("buckets")
    .values({
      name: bucket.name,
      account: bucket.account,
      region: bucket.region,
      created_at: bucket.createdAt,
      settings: JSON.stringify(bucket.settings),
    })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

export async function findBucket(db: Kysely<Tables>, name: string): Promise<Bucket | undefined> {
  const [row] = (await bucketQuery(db, [name])).rows;
  return row && bucketOf(row);
}

export const bucketColumns = ["name", "account", "region", "created_at", "settings"] as const;

const bucketQuery = prepared<[string], BucketRow>(1, (db, [name]) =>
  db.selectFrom("buckets").select(bucketColumns).where("name", "=", name),
);

export async function listBuckets(
  db: Kysely<Tables>,
  account: string,
  page: { prefix: string; after?: string; region?: string; limit: number },
): Promise<Bucket[]> {
  const rows = await db
    .selectFrom("buckets")
    .selectAll()
    .where("account", "=", account)
    .where("name", ">=", page.prefix)
    // Names hold nothing above `z`.
    .where("name", "<", `${page.prefix}~`)
    .$if(page.after !== undefined, (query) => query.where("name", ">", page.after!))
    .$if(page.region !== undefined, (query) => query.where("region", "=", page.region!))
    .orderBy("name")
    .limit(page.limit)
    .execute();
  return rows.map(bucketOf);
}

/** In a transaction, after its unfinished uploads are gone. */
export async function deleteBucket(db: Kysely<Tables>, name: string): Promise<"deleted" | "occupied" | "missing"> {
  const object = await db.selectFrom("objects").select("key").where("bucket", "=", name).limit(1).executeTakeFirst();
  if (object !== undefined) return "occupied";
  const { numDeletedRows } = await db.deleteFrom("buckets").where("name", "=", name).executeTakeFirst();
  return numDeletedRows === 1n ? "deleted" : "missing";
}

/** In a transaction: changes made side by side all come to stand. */
export async function changeBucketSettings(
  db: Kysely<Tables>,
  name: string,
  change: (settings: BucketSettings) => BucketSettings,
): Promise<void> {
  const bucket = await findBucket(db, name);
  if (bucket === undefined) return;
  await db
    .updateTable("buckets")
    .set({ settings: JSON.stringify(change(bucket.settings)) })
    .where("name", "=", name)
    .execute();
}

export function bucketOf(row: BucketRow): Bucket {
  return {
    name: row.name,
    account: row.account,
    region: row.region,
    createdAt: row.created_at,
    settings: parseShared(row.settings),
  };
}
