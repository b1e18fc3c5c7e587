/**
 * Access keys: who holds which secret, and since when no more.
 *
 * A key is a user's (`user_id`), or the root pair of its account, which has none. What is deleted by IAM is gone; what
 * `millrace keys` revokes stays as a row that says so, and IAM no longer sees it.
 */
import type { Kysely } from "kysely";
import type { AccessKeyRow, Tables } from "./tables.ts";
import { type User, userOf } from "./users.ts";

export type NewAccessKey = Pick<AccessKeyRow, "id" | "secret" | "account" | "user_name" | "created_at"> &
  Partial<AccessKeyRow>;

export async function insertAccessKey(db: Kysely<Tables>, key: NewAccessKey): Promise<void> {
  const unused = { last_used_at: null, last_used_service: null, last_used_region: null };
  await db
    .insertInto("access_keys")
    .values({ revoked_at: null, user_id: null, status: "Active", ...unused, ...key })
    .execute();
}

/** Revoked ones too: the row says so. */
export async function findAccessKey(db: Kysely<Tables>, id: string): Promise<AccessKeyRow | undefined> {
  return db.selectFrom("access_keys").selectAll().where("id", "=", id).executeTakeFirst();
}

/** With whom it belongs to, if it is a user's. `undefined`: there is none, or it was revoked. */
export async function findAccessKeyAndUser(
  db: Kysely<Tables>,
  id: string,
): Promise<{ key: AccessKeyRow; user: User | undefined } | undefined> {
  const key = await findAccessKey(db, id);
  if (key === undefined || key.revoked_at !== null) return undefined;
  if (key.user_id === null) return { key, user: undefined };
  const row = await db.selectFrom("users").selectAll().where("id", "=", key.user_id).executeTakeFirst();
  return row && { key, user: userOf(row) };
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

/** Oldest first; not the revoked ones. */
export async function accessKeysOfUser(db: Kysely<Tables>, userId: string): Promise<AccessKeyRow[]> {
  return db
    .selectFrom("access_keys")
    .selectAll()
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
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

/** For keys of this user that are not revoked. */
export async function setAccessKeyStatus(
  db: Kysely<Tables>,
  userId: string,
  id: string,
  status: AccessKeyRow["status"],
): Promise<"set" | "missing"> {
  const { numUpdatedRows } = await db
    .updateTable("access_keys")
    .set({ status })
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows === 1n ? "set" : "missing";
}

export async function deleteAccessKey(db: Kysely<Tables>, userId: string, id: string): Promise<"deleted" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("access_keys")
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return numDeletedRows === 1n ? "deleted" : "missing";
}

export async function noteAccessKeyUse(
  db: Kysely<Tables>,
  id: string,
  { at, service, region }: { at: number; service: string; region: string },
): Promise<void> {
  await db
    .updateTable("access_keys")
    .set({ last_used_at: at, last_used_service: service, last_used_region: region })
    .where("id", "=", id)
    .execute();
}
