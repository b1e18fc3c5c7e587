/**
 * Blobs that no row holds, and when they may go.
 *
 * An entry whose time has come is first marked and only then deleted, so that a writer and the sweeper cannot both
 * have it: `holdBlobs` finds marked entries gone.
 */
import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Stands in `sweep_at` once the sweeper has begun. */
const sweeping = 0;

/** A statement takes some tens of thousands of parameters; one object may have ten thousand parts. */
const atOnce = 1000;

export async function addLooseBlobs(db: Kysely<Tables>, blobs: readonly string[], sweepAt: number): Promise<void> {
  for (const some of batches(blobs))
    await db
      .insertInto("loose_blobs")
      .values(some.map((blob) => ({ blob, sweep_at: sweepAt })))
      .execute();
}

/** Takes out what a row holds from now on. `false`: the writer took too long, and the bytes are gone. */
export async function holdBlob(db: Kysely<Tables>, blob: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("loose_blobs")
    .where("blob", "=", blob)
    .where("sweep_at", ">", sweeping)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Lets a blob go earlier or later than was said when it was entered. */
export async function setSweepTime(db: Kysely<Tables>, blob: string, sweepAt: number): Promise<void> {
  await db
    .updateTable("loose_blobs")
    .set({ sweep_at: sweepAt })
    .where("blob", "=", blob)
    .where("sweep_at", ">", sweeping)
    .execute();
}

/** Marks what is due, so that nobody can hold it any more, and names it. Includes what a crash left marked. */
export async function claimDueBlobs(db: Kysely<Tables>, now: number, limit: number): Promise<string[]> {
  const due = await db
    .selectFrom("loose_blobs")
    .select("blob")
    .where("sweep_at", "<=", now)
    .orderBy("sweep_at")
    .limit(Math.min(limit, atOnce))
    .execute();
  const blobs = due.map(({ blob }) => blob);
  if (blobs.length === 0) return [];
  const claimed = await db
    .updateTable("loose_blobs")
    .set({ sweep_at: sweeping })
    .where("blob", "in", blobs)
    .where("sweep_at", "<=", now)
    .returning("blob")
    .execute();
  return claimed.map(({ blob }) => blob);
}

/** After the bytes are deleted. */
export async function forgetBlobs(db: Kysely<Tables>, blobs: readonly string[]): Promise<void> {
  for (const some of batches(blobs)) await db.deleteFrom("loose_blobs").where("blob", "in", some).execute();
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += atOnce) yield items.slice(at, at + atOnce);
}
