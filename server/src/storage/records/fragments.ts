/**
 * Rows of stored fragments: found by number, by server time and by producer time, each by an index of its own.
 */
import type { Kysely } from "kysely";
import type { StoredFragment } from "../fragments/fragment.ts";
import { sealingBytes } from "../keys/xaes.ts";
import type { FragmentRow, Tables } from "./tables.ts";

export type Timeline = "server" | "producer";

/** By the start of the fragment, in milliseconds: half-open, and open-ended where a bound is left out. */
export type TimeRange = { from?: number; to?: number };

/** Where the page before ended: a fragment's time and number. It need not exist any more. */
export type TimePosition = { at: number; number: string };

export type TimePage = { after?: TimePosition; limit: number; newestFirst?: boolean };

/** In the order of their times, and of their numbers where those are equal. */
export async function listFragmentsByTime(
  db: Kysely<Tables>,
  streamId: string,
  timeline: Timeline,
  range: TimeRange,
  { after, limit, newestFirst = false }: TimePage,
): Promise<StoredFragment[]> {
  const column = columnOf(timeline);
  const direction = newestFirst ? "desc" : "asc";
  const beyond = newestFirst ? "<" : ">";
  const rows = await within(db, streamId, timeline, range)
    .selectAll()
    .$if(after !== undefined, (query) =>
      query
        // Said apart, so that the index is entered at the right place on both engines.
        .where(column, newestFirst ? "<=" : ">=", after!.at)
        .where((eb) => eb.or([eb(column, beyond, after!.at), eb("number", beyond, after!.number)])),
    )
    .orderBy(column, direction)
    .orderBy("number", direction)
    .limit(limit)
    .execute();
  return rows.map(storedOf);
}

export function positionOf(fragment: StoredFragment, timeline: Timeline): TimePosition {
  const at = timeline === "server" ? fragment.serverTimestamp : fragment.producerTimestamp;
  return { at, number: fragment.number };
}

/** How many there are, counted no further than `atMost`. */
export async function countFragments(
  db: Kysely<Tables>,
  streamId: string,
  timeline: Timeline,
  range: TimeRange,
  atMost: number,
): Promise<number> {
  const { count } = await db
    .selectFrom(within(db, streamId, timeline, range).select("number").limit(atMost).as("some"))
    .select((eb) => eb.fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The fragment that holds this moment, the youngest where several do; else the first that begins after it. */
export async function findFragmentAt(
  db: Kysely<Tables>,
  streamId: string,
  timeline: Timeline,
  at: number,
): Promise<StoredFragment | undefined> {
  const before = await listFragmentsByTime(db, streamId, timeline, { to: at + 1 }, { limit: 16, newestFirst: true });
  const holding = before.find((fragment) => at < positionOf(fragment, timeline).at + Math.max(fragment.durationMs, 1));
  return holding ?? (await listFragmentsByTime(db, streamId, timeline, { from: at + 1 }, { limit: 1 }))[0];
}

/** In the order of arrival, from the oldest on, or from the one that follows this number. */
export async function listFragmentsAfter(
  db: Kysely<Tables>,
  streamId: string,
  number: string | undefined,
  limit: number,
): Promise<StoredFragment[]> {
  const rows = await db
    .selectFrom("fragments")
    .selectAll()
    .where("stream_id", "=", streamId)
    .$if(number !== undefined, (query) => query.where("number", ">", number!))
    .orderBy("number")
    .limit(limit)
    .execute();
  return rows.map(storedOf);
}

/** Which came last. */
export async function findNewestFragment(db: Kysely<Tables>, streamId: string): Promise<StoredFragment | undefined> {
  const row = await db
    .selectFrom("fragments")
    .selectAll()
    .where("stream_id", "=", streamId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && storedOf(row);
}

/** Which of a range came first. */
export async function findFirstFragment(
  db: Kysely<Tables>,
  streamId: string,
  timeline: Timeline,
  range: TimeRange,
): Promise<StoredFragment | undefined> {
  const first = await within(db, streamId, timeline, range)
    .select((eb) => eb.fn.min("number").as("number"))
    .executeTakeFirst();
  return first?.number == null ? undefined : (await findFragments(db, streamId, [first.number]))[0];
}

/** In the order that was asked for; `undefined` stands where there is none. At most some thousands. */
export async function findFragments(
  db: Kysely<Tables>,
  streamId: string,
  numbers: readonly string[],
): Promise<(StoredFragment | undefined)[]> {
  if (numbers.length === 0) return [];
  const rows = await db
    .selectFrom("fragments")
    .selectAll()
    .where("stream_id", "=", streamId)
    .where("number", "in", numbers)
    .execute();
  const found = new Map(rows.map((row) => [row.number, storedOf(row)]));
  return numbers.map((number) => found.get(number));
}

/** Those whose number is taken already stay out. Names those that went in. */
export async function insertFragments(
  db: Kysely<Tables>,
  fragments: readonly StoredFragment[],
): Promise<Pick<FragmentRow, "stream_id" | "number">[]> {
  const inserted = [];
  for (let at = 0; at < fragments.length; at += insertedAtOnce) {
    const some = db
      .insertInto("fragments")
      .values(fragments.slice(at, at + insertedAtOnce).map(rowOf))
      .onConflict((conflict) => conflict.doNothing())
      .returning(["stream_id", "number"]);
    inserted.push(...(await some.execute()));
  }
  return inserted;
}

/** A statement takes some ten thousand parameters. */
const insertedAtOnce = 500;

function within(db: Kysely<Tables>, streamId: string, timeline: Timeline, { from, to }: TimeRange) {
  const column = columnOf(timeline);
  return db
    .selectFrom("fragments")
    .where("stream_id", "=", streamId)
    .$if(from !== undefined, (query) => query.where(column, ">=", from!))
    .$if(to !== undefined, (query) => query.where(column, "<", to!));
}

function columnOf(timeline: Timeline): "server_at" | "producer_at" {
  return timeline === "server" ? "server_at" : "producer_at";
}

function rowOf(fragment: StoredFragment): FragmentRow {
  return {
    stream_id: fragment.streamId,
    number: fragment.number,
    server_at: fragment.serverTimestamp,
    producer_at: fragment.producerTimestamp,
    duration_ms: fragment.durationMs,
    header: fragment.headerId,
    pack: fragment.place.pack,
    pack_from: fragment.place.from,
    sealed_bytes: fragment.place.sizeBytes,
    data_key: fragment.dataKey,
    tags_bytes: fragment.tagsBytes,
    cluster_from: fragment.clusterFrom,
    cluster_to: fragment.clusterTo,
  };
}

function storedOf(row: FragmentRow): StoredFragment {
  return {
    streamId: row.stream_id,
    number: row.number,
    serverTimestamp: row.server_at,
    producerTimestamp: row.producer_at,
    durationMs: row.duration_ms,
    clusterFrom: row.cluster_from,
    clusterTo: row.cluster_to,
    headerId: row.header,
    bodyBytes: row.sealed_bytes - sealingBytes - row.tags_bytes,
    tagsBytes: row.tags_bytes,
    dataKey: row.data_key,
    place: { pack: row.pack, from: row.pack_from, sizeBytes: row.sealed_bytes },
  };
}
