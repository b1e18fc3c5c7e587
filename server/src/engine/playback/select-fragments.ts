/**
 * Which stored fragments a range of time means.
 *
 * By the server's clock fragments lie in the order of their arrival. By the producer's the same time may have been sent
 * more than once: again after a reconnect, or as another recording days later.
 */
import type { Kysely } from "kysely";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import {
  findFirstFragment,
  listFragmentsByTime,
  positionOf,
  type Timeline,
  type TimePosition,
  type TimeRange,
} from "../../storage/records/fragments.ts";
import type { Tables } from "../../storage/records/tables.ts";

export type Selector = { timeline: Timeline; range: TimeRange };

/** When a fragment starts, in milliseconds by this clock. */
export function startOf(stored: StoredFragment, timeline: Timeline): number {
  return positionOf(stored, timeline).at;
}

/**
 * The oldest of the range, in the order of their starts.
 *
 * Developer guide, "GetHLSStreamingSessionURL": by the producer's clock these are the fragment that came in first and those
 * that came in right after it; of two that start at the same time, the one with the higher number.
 */
export async function selectFragments(
  db: Kysely<Tables>,
  streamId: string,
  { timeline, range }: Selector,
  limit: number,
): Promise<StoredFragment[]> {
  const oldest = await listFragmentsByTime(db, streamId, timeline, range, { limit });
  if (timeline === "server" || (await isInOrder(db, streamId, range, oldest))) return oldest;
  return oneCollection(await listAll(db, streamId, range)).slice(0, limit);
}

/** The usual case: nothing in the range was sent twice or late, so nothing else of it need be looked at. */
async function isInOrder(
  db: Kysely<Tables>,
  streamId: string,
  range: TimeRange,
  oldest: readonly StoredFragment[],
): Promise<boolean> {
  const rises = oldest.every((stored, i) => {
    const before = oldest[i - 1];
    return (
      before === undefined || (before.number < stored.number && before.producerTimestamp < stored.producerTimestamp)
    );
  });
  return rises && (await findFirstFragment(db, streamId, "producer", range))?.number === oldest[0]?.number;
}

/** A day of fragments of a second, four times over. */
const mostRead = 400_000;
const pageSize = 5000;

async function listAll(db: Kysely<Tables>, streamId: string, range: TimeRange): Promise<StoredFragment[]> {
  const all: StoredFragment[] = [];
  let after: TimePosition | undefined;
  while (all.length < mostRead) {
    const page = { limit: pageSize, ...(after === undefined ? {} : { after }) };
    const found = await listFragmentsByTime(db, streamId, "producer", range, page);
    all.push(...found);
    if (found.length < pageSize) break;
    after = positionOf(found.at(-1)!, "producer");
  }
  return all;
}

/**
 * The service does not say when an upload is another one. Here it is where the producer's clock steps back more than an hour
 * after what came before: who reconnects and sends again what was not acknowledged does so sooner.
 */
const otherUploadMs = 3_600_000;

/** Of fragments in any order those of the oldest upload, each start once, by producer time. */
export function oneCollection(fragments: readonly StoredFragment[]): StoredFragment[] {
  const arrived = fragments.toSorted((a, b) => (a.number < b.number ? -1 : 1));
  const byStart = new Map<number, StoredFragment>();
  let newest = Number.NEGATIVE_INFINITY;
  let before: StoredFragment | undefined;
  for (const stored of arrived) {
    const { producerTimestamp, serverTimestamp } = stored;
    const steppedBack = producerTimestamp <= newest;
    if (steppedBack && otherUploadMs < serverTimestamp - before!.serverTimestamp) break;
    byStart.set(producerTimestamp, stored);
    newest = Math.max(newest, producerTimestamp);
    before = stored;
  }
  return [...byStart.values()].sort((a, b) => a.producerTimestamp - b.producerTimestamp);
}
