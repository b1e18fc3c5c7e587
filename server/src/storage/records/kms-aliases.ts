/**
 * Names of KMS keys, `alias/…`, each of one account and region.
 */
import type { Kysely } from "kysely";
import type { Home } from "./listing.ts";
import type { KmsAliasRow, Tables } from "./tables.ts";

export async function insertAlias(db: Kysely<Tables>, row: KmsAliasRow): Promise<"inserted" | "exists"> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("kms_aliases")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

export async function findAlias(db: Kysely<Tables>, home: Home, name: string): Promise<KmsAliasRow | undefined> {
  return db
    .selectFrom("kms_aliases")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("name", "=", name)
    .executeTakeFirst();
}

/** `false`: there is none of that name. */
export async function updateAlias(
  db: Kysely<Tables>,
  home: Home,
  { name, key_id, updated_at }: Pick<KmsAliasRow, "name" | "key_id" | "updated_at">,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("kms_aliases")
    .set({ key_id, updated_at })
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("name", "=", name)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** `false`: there is none of that name. */
export async function deleteAlias(db: Kysely<Tables>, home: Home, name: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("kms_aliases")
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .where("name", "=", name)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

export type AliasPage = { keyId?: string | undefined; after?: string | undefined; limit: number };

/** By name; with `keyId` only those of that key. */
export async function listAliases(
  db: Kysely<Tables>,
  home: Home,
  { keyId, after, limit }: AliasPage,
): Promise<KmsAliasRow[]> {
  return db
    .selectFrom("kms_aliases")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .$if(keyId !== undefined, (query) => query.where("key_id", "=", keyId!))
    .$if(after !== undefined, (query) => query.where("name", ">", after!))
    .orderBy("name")
    .limit(limit)
    .execute();
}
