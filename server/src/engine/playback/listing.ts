/**
 * What a session's playlists list at this moment.
 *
 * ON_DEMAND is a range of time. LIVE and LIVE_REPLAY grow at one end: their lists follow from the rows in the order of
 * arrival and from the clock, so that every process comes to the same; what has been worked out is remembered.
 */
import type { DiscontinuityMode, StreamingPlaylist, StreamingSegment } from "@millrace/media/playlists/streaming-hls";
import { slide } from "@millrace/media/playlists/streaming-hls";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Recent } from "../../base/recent.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { listFragmentsAfter } from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";
import { selectFragments, startOf } from "./select-fragments.ts";
import type { Session } from "./session-token.ts";
import { isUnreadable, type MediaHeader, type StoredMedia } from "./stored-media.ts";

/** `uri` is for who writes the playlist to fill in. */
export type Listed = StreamingSegment & {
  stored: StoredFragment;
  header: MediaHeader;
  /** With which fragment this configuration of the tracks began. */
  run: { number: string; startMs: number };
};

export type Listing = Omit<StreamingPlaylist, "segments"> & {
  segments: readonly Listed[];
  /** The last that told of sound, of those that slid out. */
  soundBefore?: MediaHeader | undefined;
};

export type Lister = (session: Session, token: string) => Promise<Listing>;

type Tools = { records: Records; media: StoredMedia; clock: Clock; log: Log };

/** Of all remembered sessions together. */
const segmentsRemembered = 200_000;

export function openLister(tools: Tools): Lister {
  const windows = new Recent<GrowingList>(segmentsRemembered);
  return async (session, token) => {
    if (session.mode === "ON_DEMAND") return listOnDemand(session, tools);
    const window = await windows.get(token, session.limit, async () => new GrowingList(session, tools));
    return window.advance();
  };
}

async function listOnDemand(session: Session, tools: Tools): Promise<Listing> {
  const { streamId, limit, discontinuityMode } = session;
  const segments: Listed[] = [];
  for (const stored of await selectFragments(tools.records.db, streamId, session, limit)) {
    const listed = await listedOf(stored, session, segments.at(-1), tools);
    if (listed !== undefined) segments.push(listed);
  }
  return { segments, discontinuityMode, type: "VOD" };
}

/** `undefined`: nobody can tell what is in it; it is left out, as a gap. */
async function listedOf(
  stored: StoredFragment,
  { timeline }: Session,
  previous: Listed | undefined,
  { media, log }: Tools,
): Promise<Listed | undefined> {
  try {
    const header = await media.header(stored);
    const startMs = startOf(stored, timeline);
    const format = formatOf(header);
    const run = previous?.format === format ? previous.run : { number: stored.number, startMs };
    return { uri: "", startMs, durationMs: Math.max(1, stored.durationMs), format, stored, header, run };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    log.error({ err: error, stream: stored.streamId, fragment: stored.number }, "a fragment cannot be played");
    return undefined;
  }
}

/** Pictures and sound together, so that the playlists of both have their discontinuities at the same places. */
function formatOf({ video, audio }: MediaHeader): string {
  return `${video?.id ?? ""}/${audio?.id ?? ""}`;
}

const pageSize = 500;

class GrowingList {
  readonly #session: Session;
  readonly #tools: Tools;
  #list: Listing;
  #after: string;
  /** Read, but not yet to be shown. */
  #pending: StoredFragment[] = [];
  #newest = Number.NEGATIVE_INFINITY;
  /** LIVE_REPLAY: when the next one is to be shown. */
  #dueAt: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(session: Session, tools: Tools) {
    this.#session = session;
    this.#tools = tools;
    const discontinuityMode: DiscontinuityMode = session.discontinuityMode;
    this.#list = { segments: [], discontinuityMode, type: "open", targetSeconds: 1 };
    this.#after = justBefore(session.firstNumber);
    this.#dueAt = session.createdAt;
  }

  /** Those who ask at once take turns. */
  advance(): Promise<Listing> {
    const next = this.#turn.then(() => this.#advance());
    this.#turn = next.catch(() => {});
    return next;
  }

  async #advance(): Promise<Listing> {
    const now = this.#tools.clock();
    for (let hasMore = true; hasMore; ) {
      await this.#show(now);
      if (0 < this.#pending.length) break;
      hasMore = await this.#readPage();
      if (!hasMore) await this.#show(now);
    }
    const { to } = this.#session.range;
    const isOver = to !== undefined && to <= now && this.#pending.length === 0;
    return { ...this.#list, type: isOver ? "ended" : "open" };
  }

  /** Whether there may be another one. */
  async #readPage(): Promise<boolean> {
    const { streamId, timeline, range } = this.#session;
    const page = await listFragmentsAfter(this.#tools.records.db, streamId, this.#after, pageSize);
    for (const stored of page) {
      const start = startOf(stored, timeline);
      const isIn = (range.from ?? start) <= start && start < (range.to ?? Number.POSITIVE_INFINITY);
      // What is older than the newest one listed comes too late. Arrivals may share a millisecond.
      const isLate = timeline === "producer" ? start <= this.#newest : start < this.#newest;
      if (isIn && !isLate) {
        this.#pending.push(stored);
        this.#newest = start;
      }
    }
    this.#after = page.at(-1)?.number ?? this.#after;
    return page.length === pageSize;
  }

  async #show(now: number): Promise<void> {
    const { mode, limit } = this.#session;
    const shown: Listed[] = [];
    let [at, dueAt] = [0, this.#dueAt];
    for (; at < this.#pending.length; at++) {
      if (mode === "LIVE_REPLAY" && now < dueAt) break;
      const stored = this.#pending[at]!;
      const previous = shown.at(-1) ?? this.#list.segments.at(-1);
      const listed = await listedOf(stored, this.#session, previous, this.#tools);
      if (listed !== undefined) shown.push(listed);
      dueAt += Math.max(1, stored.durationMs);
    }
    // Nothing has changed where reading failed.
    this.#dueAt = dueAt;
    this.#pending.splice(0, at);
    if (shown.length === 0) return;
    const all = [...this.#list.segments, ...shown];
    const gone = all.slice(0, Math.max(0, all.length - limit));
    this.#list = {
      ...(slide(this.#list, shown, limit) as Listing),
      soundBefore: gone.findLast(({ header }) => header.audio)?.header ?? this.#list.soundBefore,
      targetSeconds: Math.max(
        this.#list.targetSeconds!,
        ...shown.map(({ durationMs }) => Math.ceil(durationMs / 1000)),
      ),
    };
  }
}

function justBefore(number: string): string {
  return (BigInt(number) - 1n).toString().padStart(number.length, "0");
}
