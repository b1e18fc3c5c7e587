/**
 * Which master key these rows were made with, and what opens it when it is not a file.
 */
import type { Kysely } from "kysely";
import type { MasterKeyRow, Tables } from "./tables.ts";

/** There is one, or none yet. */
export async function findMasterKey(db: Kysely<Tables>): Promise<MasterKeyRow | undefined> {
  return db.selectFrom("master_keys").selectAll().orderBy("created_at").executeTakeFirst();
}

export async function insertMasterKey(db: Kysely<Tables>, row: MasterKeyRow): Promise<void> {
  await db.insertInto("master_keys").values(row).execute();
}
