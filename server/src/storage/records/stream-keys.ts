/**
 * Data keys of streams, wrapped, and the ids of the master keys that wrapped the oldest of them.
 *
 * A stream's keys have numbers from 0 on. Number -1 is none: it says that the stream has lost its keys and gets no more.
 */
import type { Kysely } from "kysely";
import type { StreamKeyRow, Tables } from "./tables.ts";

const destroyed = -1;

export async function findStreamKey(
  db: Kysely<Tables>,
  streamId: string,
  number: number,
): Promise<StreamKeyRow | undefined> {
  return keysOf(db, streamId).selectAll().where("number", "=", number).executeTakeFirst();
}

export async function findNewestStreamKey(db: Kysely<Tables>, streamId: string): Promise<StreamKeyRow | undefined> {
  return keysOf(db, streamId).selectAll().orderBy("number", "desc").limit(1).executeTakeFirst();
}

function keysOf(db: Kysely<Tables>, streamId: string) {
  return db.selectFrom("stream_keys").where("stream_id", "=", streamId).where("number", ">", destroyed);
}

export async function insertStreamKey(db: Kysely<Tables>, row: StreamKeyRow): Promise<void> {
  await db.insertInto("stream_keys").values(row).execute();
}

/** All of them, and the stream never gets another one. Since when it is so. In turn with what inserts keys of the stream. */
export async function destroyStreamKeys(db: Kysely<Tables>, streamId: string, at: number): Promise<number> {
  await db.deleteFrom("stream_keys").where("stream_id", "=", streamId).where("number", ">", destroyed).execute();
  const none = { number: destroyed, wrapped: new Uint8Array(), wrapped_by: "", created_at: at };
  await db
    .insertInto("stream_keys")
    .values({ stream_id: streamId, ...none, destroyed_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await findDestroyedAt(db, streamId))!;
}

/** `undefined`: the stream has its keys, or may still get one. */
export async function findDestroyedAt(db: Kysely<Tables>, streamId: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("stream_keys")
    .select("destroyed_at")
    .where("stream_id", "=", streamId)
    .where("number", "=", destroyed)
    .executeTakeFirst();
  return row?.destroyed_at ?? undefined;
}

export async function listDestroyed(db: Kysely<Tables>, streamIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom("stream_keys")
    .select("stream_id")
    .where("stream_id", "in", streamIds)
    .where("number", "=", destroyed)
    .execute();
  return new Set(rows.map(({ stream_id }) => stream_id));
}

/** Those that were made before that time, but never the newest of a stream. */
export async function deleteOldStreamKeys(db: Kysely<Tables>, streamId: string, before: number): Promise<void> {
  const newest = await findNewestStreamKey(db, streamId);
  const isOld = (number: number) =>
    keysOf(db, streamId).select("number").where("number", "<", number).where("created_at", "<", before);
  // Rarely there is one, and asking costs less than deleting nothing.
  if (newest === undefined || (await isOld(newest.number).limit(1).executeTakeFirst()) === undefined) return;
  await db
    .deleteFrom("stream_keys")
    .where("stream_id", "=", streamId)
    .where("number", "in", isOld(newest.number))
    .execute();
}

/** When nothing is left that its keys had sealed. */
export async function forgetStreamKeys(db: Kysely<Tables>, streamId: string): Promise<void> {
  await db.deleteFrom("stream_keys").where("stream_id", "=", streamId).execute();
}
