/**
 * Deletes what streams keep no longer: rows first, then packs that no row names any more, as loose blobs.
 *
 * A stream's fragments go when their server timestamp is older than its retention; none, a retention of zero, keeps none.
 * Of a deleted stream the keys are destroyed first, which is when its media is gone; rows and packs follow in their own time.
 * Everything happens in small transactions, one process at a time, and may be cut off anywhere and begun again.
 */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import { repeat } from "../../base/repeat.ts";
import type { Keyring } from "../../storage/keys/keyring.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import { deleteMediaHeaders } from "../../storage/records/media-headers.ts";
import { deleteFragments, type OldFragments } from "../../storage/records/packs.ts";
import type { Records } from "../../storage/records/records.ts";
import { deleteOldStreamKeys, forgetStreamKeys } from "../../storage/records/stream-keys.ts";
import { forgetDeletedStream, listDeletedIds, listRetentions } from "../../storage/records/stream-upkeep.ts";
import { headerUseMs } from "../ingest/header-book.ts";

export type FragmentRetentionOptions = { records: Records; keys: Keyring; clock: Clock; log: Log; everyMs: number };

const rowsAtOnce = 500;
const streamsAtOnce = 200;
/** Whoever has found a fragment's row may still be reading its pack. */
const readersMs = 600_000;
/** A data key outlives what it has sealed by as much: playback sessions last half a day, and clocks are set back. */
const keysOutliveMs = 24 * 3_600_000;
/** A process that still remembers the key of a deleted stream may bring rows for so long. */
const stragglersMs = 3_600_000;

export function startFragmentRetention({ everyMs, ...options }: FragmentRetentionOptions): Closeable {
  return repeat(
    everyMs,
    (signal) => sweepFragments(options, signal),
    (error) => options.log.error({ err: error }, "deleting old fragments failed; will try again"),
  );
}

type Sweep = Omit<FragmentRetentionOptions, "everyMs">;

/** Deletes all that is due now. Stops early, and cleanly, on the signal. */
export async function sweepFragments(options: Sweep, signal?: AbortSignal): Promise<void> {
  const { records } = options;
  await forEachStream(
    (after) => listRetentions(records.db, after, streamsAtOnce),
    (stream) => sweepOldFragments(options, stream, signal),
    signal,
  );
  await forEachStream(
    (after) => listDeletedIds(records.db, after, streamsAtOnce),
    (stream) => sweepDeletedStream(options, stream, signal),
    signal,
  );
}

async function forEachStream<Stream extends { id: string }>(
  list: (after: string) => Promise<Stream[]>,
  work: (stream: Stream) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let page = await list(""); page.length > 0; page = await list(page.at(-1)!.id)) {
    for (const stream of page) {
      if (signal?.aborted) return;
      await work(stream);
    }
  }
}

async function sweepOldFragments(
  { records, clock }: Sweep,
  { id, retentionHours }: { id: string; retentionHours: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const before = clock() - retentionHours * 3_600_000;
  if (await deleteAll(records, { streamId: id, before }, clock() + readersMs, signal)) {
    await deleteMediaHeaders(records.db, id, before - 2 * headerUseMs);
    await deleteOldStreamKeys(records.db, id, before - keysOutliveMs);
  }
}

async function sweepDeletedStream(
  { records, keys, clock }: Sweep,
  { id }: { id: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const destroyedAt = await keys.destroy(id);
  const isEmpty = await deleteAll(records, { streamId: id }, clock(), signal);
  await deleteMediaHeaders(records.db, id);
  if (!isEmpty || clock() < destroyedAt + stragglersMs) return;
  await records.transaction(async (db) => {
    await forgetStreamKeys(db, id);
    await forgetDeletedStream(db, id);
  });
}

/** `false`: it was told to stop before the end. */
async function deleteAll(
  records: Records,
  which: Omit<OldFragments, "limit">,
  sweepAt: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    // SQLite answers without letting go of the thread: others get their turn here.
    await setImmediate();
    if (signal?.aborted) return false;
    const old = { ...which, limit: rowsAtOnce };
    const deleted = await inTurn(records, "retention", (db) => deleteFragments(db, old, sweepAt));
    if (deleted < rowsAtOnce) return true;
  }
}
