/**
 * Access keys: who holds which secret, and since when no more.
 */
import type { Kysely } from "kysely";
import type { AccessKeyRow, Tables } from "./tables.ts";

export async function insertAccessKey(db: Kysely<Tables>, row: AccessKeyRow): Promise<void> {
  await db.insertInto("access_keys").values(row).execute();
}

/** Revoked ones too: the row says so. */
export async function findAccessKey(db: Kysely<Tables>, id: string): Promise<AccessKeyRow | undefined> {
  return db.selectFrom("access_keys").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Oldest first, revoked ones too. */
export async function listAccessKeys(db: Kysely<Tables>, account: string): Promise<AccessKeyRow[]> {
  return db
    .selectFrom("access_keys")
    .selectAll()
    .where("account", "=", account)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
}

/** `false`: there is no such key, or it was revoked before. */
export async function revokeAccessKey(db: Kysely<Tables>, id: string, at: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("access_keys")
    .set({ revoked_at: at })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
