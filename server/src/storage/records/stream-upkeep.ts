/**
 * What retention asks of the table of streams, a page of ids at a time.
 */
import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Of the streams that live, in the order of their ids. */
export async function listRetentions(
  db: Kysely<Tables>,
  after: string,
  limit: number,
): Promise<{ id: string; retentionHours: number }[]> {
  const rows = await db
    .selectFrom("streams")
    .select(["id", "retention_hours"])
    .where("id", ">", after)
    .where("status", "<>", "DELETING")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ id, retention_hours }) => ({ id, retentionHours: retention_hours }));
}

/** Those that wait for their media to be gone, in the order of their ids. */
export async function listDeletedIds(db: Kysely<Tables>, after: string, limit: number): Promise<{ id: string }[]> {
  return db
    .selectFrom("streams")
    .select("id")
    .where("id", ">", after)
    .where("status", "=", "DELETING")
    .orderBy("id")
    .limit(limit)
    .execute();
}

export async function forgetDeletedStream(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("streams").where("id", "=", id).where("status", "=", "DELETING").execute();
}
