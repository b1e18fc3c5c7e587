/**
 * Headers of streams, sealed, each kept once for the fragments that refer to it.
 */
import type { Kysely } from "kysely";
import type { MediaHeaderRow, Tables } from "./tables.ts";

/** Says of those which are there that they are in use. */
export async function keepMediaHeaders(db: Kysely<Tables>, rows: readonly MediaHeaderRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto("media_headers")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["stream_id", "id"]).doUpdateSet((eb) => ({ used_at: eb.ref("excluded.used_at") })),
    )
    .execute();
}

export async function findMediaHeader(
  db: Kysely<Tables>,
  streamId: string,
  id: string,
): Promise<Pick<MediaHeaderRow, "sealed" | "data_key"> | undefined> {
  return db
    .selectFrom("media_headers")
    .select(["sealed", "data_key"])
    .where("stream_id", "=", streamId)
    .where("id", "=", id)
    .executeTakeFirst();
}

/** Of one stream. Without `before`: all. */
export async function deleteMediaHeaders(db: Kysely<Tables>, streamId: string, before?: number): Promise<void> {
  await db
    .deleteFrom("media_headers")
    .where("stream_id", "=", streamId)
    .$if(before !== undefined, (query) => query.where("used_at", "<", before!))
    .execute();
}
