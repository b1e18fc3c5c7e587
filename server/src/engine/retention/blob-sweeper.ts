/**
 * Deletes the blobs that no row holds once their time has come: bytes of overwritten and deleted objects, and what
 * broken uploads and crashes left behind.
 *
 * Several processes may sweep side by side: deleting twice is no error.
 */
import type { Clock } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import { repeat } from "../../base/repeat.ts";
import type { BlobStore } from "../../storage/blobs/blob-store.ts";
import { claimDueBlobs, forgetBlobs } from "../../storage/records/loose-blobs.ts";
import type { Records } from "../../storage/records/records.ts";

export type BlobSweeperOptions = { records: Records; blobs: BlobStore; clock: Clock; log: Log; everyMs: number };

const sweptAtOnce = 200;
/** Deletes under way at a time: an S3 far away answers each in tens of milliseconds. */
const deletesAtOnce = 8;

export function startBlobSweeper({ everyMs, ...options }: BlobSweeperOptions): Closeable {
  return repeat(
    everyMs,
    (signal) => sweepBlobs(options, signal),
    (error) => options.log.error({ err: error }, "sweeping blobs failed; will try again"),
  );
}

/** Deletes all that is due now. Stops early, and cleanly, on the signal. */
export async function sweepBlobs(
  { records, blobs, clock, log }: Omit<BlobSweeperOptions, "everyMs">,
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted) {
    const due = await records.transaction((db) => claimDueBlobs(db, clock(), sweptAtOnce));
    if (due.length === 0) return;
    const deleted: string[] = [];
    const queue = due.values();
    const worker = async () => {
      for (const blob of queue) {
        if (signal?.aborted) return;
        try {
          await blobs.delete(blob);
          deleted.push(blob);
        } catch (error) {
          log.warn({ err: error, blob }, "a blob could not be deleted; will try again");
        }
      }
    };
    await Promise.all(Array.from({ length: deletesAtOnce }, worker));
    await forgetBlobs(records.db, deleted);
    // What cannot be deleted now is due again at once: leave it to the next round instead of spinning.
    if (deleted.length < due.length) return;
  }
}
