/**
 * Fragment numbers: 47 digits, rising within a stream, never given twice.
 *
 * `9134385233` (as Amazon's begin), 13 digits of milliseconds, 6 of a count within them, 18 of chance. Numbers rise
 * though the clock steps back, since each is above the last one, and above what is stored of the stream when the first
 * is asked for. Chance keeps two processes apart that receive one stream at the same time.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { findNewestFragment } from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";

export type FragmentNumbers = {
  /** To be awaited at the beginning of a session, before the first {@link next}. */
  prepare(streamId: string): Promise<void>;
  next(streamId: string): string;
};

export const numberDigits = 47;

const lead = "9134385233";
const counts = 1_000_000;
const streamsRemembered = 100_000;

/** Milliseconds and the count within them. */
type Position = { ms: number; count: number };

export function openFragmentNumbers({
  records,
  clock,
  random,
}: {
  records: Records;
  clock: Clock;
  random: Random;
}): FragmentNumbers {
  const last = new Map<string, Position>();

  function remember(streamId: string, position: Position): void {
    last.delete(streamId);
    if (streamsRemembered <= last.size) last.delete(last.keys().next().value!);
    last.set(streamId, position);
  }

  return {
    async prepare(streamId) {
      const newest = await findNewestFragment(records.db, streamId);
      if (newest === undefined) return;
      const stored = { ms: Number(newest.number.slice(10, 23)), count: Number(newest.number.slice(23, 29)) };
      const known = last.get(streamId);
      if (known === undefined || isBelow(known, stored)) remember(streamId, stored);
    },

    next(streamId) {
      const position = after(last.get(streamId), clock());
      remember(streamId, position);
      return buildNumber(position, Buffer.from(random(8)).readBigUInt64BE());
    },
  };
}

function after(last: Position | undefined, now: number): Position {
  if (last === undefined || last.ms < now) return { ms: now, count: 0 };
  return last.count + 1 < counts ? { ms: last.ms, count: last.count + 1 } : { ms: last.ms + 1, count: 0 };
}

function isBelow(one: Position, other: Position): boolean {
  return one.ms < other.ms || (one.ms === other.ms && one.count < other.count);
}

function buildNumber({ ms, count }: Position, chance: bigint): string {
  const digits = (chance % 10n ** 18n).toString().padStart(18, "0");
  return lead + ms.toString().padStart(13, "0") + count.toString().padStart(6, "0") + digits;
}
