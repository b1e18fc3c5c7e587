/**
 * Data keys of streams, wrapped, and the ids of the master keys that wrapped them.
 */
import type { Kysely } from "kysely";
import type { MasterKeyRow, StreamKeyRow, Tables } from "./tables.ts";

export async function listMasterKeys(db: Kysely<Tables>): Promise<string[]> {
  return (await db.selectFrom("master_keys").select("id").execute()).map(({ id }) => id);
}

export async function insertMasterKey(db: Kysely<Tables>, row: MasterKeyRow): Promise<void> {
  await db.insertInto("master_keys").values(row).execute();
}

/** A destroyed one too: the row says so. */
export async function findStreamKey(db: Kysely<Tables>, streamId: string): Promise<StreamKeyRow | undefined> {
  return db.selectFrom("stream_keys").selectAll().where("stream_id", "=", streamId).executeTakeFirst();
}

/** Leaves what is there alone. */
export async function insertStreamKey(db: Kysely<Tables>, row: StreamKeyRow): Promise<void> {
  await db
    .insertInto("stream_keys")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Zeros in the place of the key. The row stays, so that the stream never gets another one. Since when it is so. */
export async function destroyStreamKey(db: Kysely<Tables>, streamId: string, at: number): Promise<number> {
  const row = await findStreamKey(db, streamId);
  const gone = { wrapped: new Uint8Array(row?.wrapped.length ?? 0), destroyed_at: row?.destroyed_at ?? at };
  await db
    .insertInto("stream_keys")
    .values({ stream_id: streamId, wrapped_by: "", created_at: at, ...gone })
    .onConflict((conflict) => conflict.column("stream_id").doUpdateSet(gone))
    .execute();
  return gone.destroyed_at;
}

export async function listDestroyed(db: Kysely<Tables>, streamIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom("stream_keys")
    .select("stream_id")
    .where("stream_id", "in", streamIds)
    .where("destroyed_at", "is not", null)
    .execute();
  return new Set(rows.map(({ stream_id }) => stream_id));
}

/** When nothing is left that the key had sealed. */
export async function forgetStreamKey(db: Kysely<Tables>, streamId: string): Promise<void> {
  await db.deleteFrom("stream_keys").where("stream_id", "=", streamId).where("destroyed_at", "is not", null).execute();
}
