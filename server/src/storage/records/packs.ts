/**
 * Packs: blobs of sealed fragments of many streams. A pack's row counts the fragments whose rows name it.
 *
 * Names are entered as loose before anything is written under them, for some packs ahead, in the transaction that makes
 * rows hold an earlier one: so no pack costs a durable write of its own beside its blob and its rows.
 */
import { type Kysely, sql } from "kysely";
import type { StoredFragment } from "../fragments/fragment.ts";
import { findFragments, insertFragments } from "./fragments.ts";
import { addLooseBlobs, holdBlob } from "./loose-blobs.ts";
import { keepMediaHeaders } from "./media-headers.ts";
import { listDestroyed } from "./stream-keys.ts";
import type { MediaHeaderRow, Tables } from "./tables.ts";

/** Folders of half an hour's packs: the id begins with its time. */
export function packKey(pack: string): string {
  return `packs/${pack.slice(0, 5)}/${pack}`;
}

export async function reservePacks(db: Kysely<Tables>, packs: readonly string[], sweepAt: number): Promise<void> {
  await addLooseBlobs(db, packs.map(packKey), sweepAt);
}

export type NewPack = {
  pack: string;
  fragments: readonly StoredFragment[];
  headers: readonly MediaHeaderRow[];
  /** When the blob may go if no fragment is kept after all. */
  sweepAt: number;
};

export type Kept = { fragment: StoredFragment; outcome: "stored" | "exists" | "destroyed" };

/**
 * The rows of a pack whose blob is durable, in the order given. `undefined`: its name was swept meanwhile, and its bytes
 * are gone. For a transaction.
 */
export async function insertPack(
  db: Kysely<Tables>,
  { pack, fragments, headers, sweepAt }: NewPack,
): Promise<Kept[] | undefined> {
  if (!(await holdBlob(db, packKey(pack)))) return undefined;
  const destroyed = await listDestroyed(db, [...new Set(fragments.map(({ streamId }) => streamId))]);
  const alive = fragments.filter(({ streamId }) => !destroyed.has(streamId));
  const inserted = new Set((await insertFragments(db, alive)).map(({ stream_id, number }) => `${stream_id}/${number}`));
  await keepMediaHeaders(
    db,
    headers.filter(({ stream_id }) => !destroyed.has(stream_id)),
  );
  if (inserted.size === 0) await addLooseBlobs(db, [packKey(pack)], sweepAt);
  else await db.insertInto("packs").values({ id: pack, fragments: inserted.size }).execute();
  return fragments.map((fragment) => ({
    fragment,
    outcome: destroyed.has(fragment.streamId)
      ? "destroyed"
      : inserted.has(`${fragment.streamId}/${fragment.number}`)
        ? "stored"
        : "exists",
  }));
}

/** What {@link insertPack} did when its transaction was committed and the answer got lost. `undefined`: it was not. */
export async function findInsertedPack(
  db: Kysely<Tables>,
  pack: string,
  fragments: readonly StoredFragment[],
): Promise<Kept[] | undefined> {
  const row = await db.selectFrom("packs").select("id").where("id", "=", pack).executeTakeFirst();
  if (row === undefined) return undefined;
  const kept: Kept[] = [];
  for (const fragment of fragments) {
    const [found] = await findFragments(db, fragment.streamId, [fragment.number]);
    kept.push({ fragment, outcome: found?.place.pack === pack ? "stored" : found ? "exists" : "destroyed" });
  }
  return kept;
}

/** Of the stream's fragments those that arrived first. Without `before` (a server timestamp): whichever. */
export type OldFragments = { streamId: string; before?: number; limit: number };

/**
 * Deletes rows, and lets go of packs that no row names any more. How many rows it were. For a transaction in turn with
 * others of its kind, since it counts.
 */
export async function deleteFragments(
  db: Kysely<Tables>,
  { streamId, before, limit }: OldFragments,
  sweepAt: number,
): Promise<number> {
  const due = db
    .selectFrom("fragments")
    .select("number")
    .where("stream_id", "=", streamId)
    .$if(before !== undefined, (query) => query.where("server_at", "<", before!).orderBy("server_at"))
    .limit(limit);
  const deleted = await db
    .deleteFrom("fragments")
    .where("stream_id", "=", streamId)
    .where("number", "in", due)
    .returning("pack")
    .execute();
  const counts = Map.groupBy(deleted, ({ pack }) => pack);
  const byCount = Map.groupBy(counts.keys(), (pack) => counts.get(pack)!.length);
  for (const [count, packs] of byCount) {
    await db
      .updateTable("packs")
      .set({ fragments: sql`fragments - ${count}` })
      .where("id", "in", packs)
      .execute();
  }
  if (counts.size > 0) {
    const empty = await db
      .deleteFrom("packs")
      .where("id", "in", [...counts.keys()])
      .where("fragments", "<=", 0)
      .returning("id")
      .execute();
    if (empty.length > 0)
      await addLooseBlobs(
        db,
        empty.map(({ id }) => packKey(id)),
        sweepAt,
      );
  }
  return deleted.length;
}
