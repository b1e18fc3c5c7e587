/**
 * A producer's Matroska, cut into fragments: which bytes belong to which, what is wrong with them, and what the producer
 * is told of each.
 *
 * A fragment is a cluster with the tags that came before it. It is whole when the cluster ends: with its last byte, with
 * the next element where its size is unknown, or with the tag by which producers pause. The tag itself is not kept.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, API_dataplane_PutMedia
 */
import type { FrameEvent, MatroskaEvent, Span } from "@millrace/media/matroska/events";
import { MatroskaError } from "@millrace/media/matroska/matroska-error";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { Tag as MatroskaTag } from "@millrace/media/matroska/tags";
import type { Track } from "@millrace/media/track";
import type { Clock } from "../../base/clock.ts";
import type { Fragment, StoredFragment, Tag } from "../../storage/fragments/fragment.ts";
import { KeyDestroyed } from "../../storage/keys/keyring.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import { type Acknowledgement, type FragmentState, type IngestErrorCode, ingestErrors } from "./acknowledgement.ts";
import { ByteLog } from "./byte-log.ts";

export type IngestLimits = {
  fragmentBytes: number;
  /** From the cluster's timestamp to that of its last frame. */
  fragmentMs: number;
  connectionMs: number;
  tracks: number;
  tags: number;
  tagNameBytes: number;
  tagValueBytes: number;
  /** How far the producer's clock may be ahead of ours. */
  aheadMs: number;
};

/** As the service has them, but for the last. */
export const defaultIngestLimits: IngestLimits = {
  fragmentBytes: 50 << 20,
  fragmentMs: 20_000,
  connectionMs: 45 * 60_000,
  tracks: 3,
  tags: 10,
  tagNameBytes: 128,
  tagValueBytes: 256,
  aheadMs: 24 * 3_600_000,
};

export type IngestSessionOptions = {
  streamId: string;
  /** Milliseconds since the epoch, to which timestamps are added; `undefined`: they are absolute. */
  relativeTo: number | undefined;
  /** Without retention fragments are shown to live readers and not stored. Asked for each fragment. */
  isKept: () => boolean;
  nextNumber: () => string;
  store: (fragment: Fragment) => Promise<StoredFragment>;
  live: LiveStreams;
  clock: Clock;
  limits?: IngestLimits;
  /** In the order in which they are to be sent. None follows an ERROR. */
  acknowledge: (acknowledgement: Acknowledgement) => void;
};

/** A document's part before its first cluster. */
type Document = { start: number; end: number; header?: Uint8Array; tracks?: readonly Track[]; timestampScale: number };

type Open = {
  number: string;
  timecode: number;
  facts: { serverTimestamp: number; producerTimestamp: number };
  /** Offset of the body in the stream. */
  bodyStart: number;
  clusterStart: number;
  tags: Tag[];
  live: LiveFragment;
  /** Up to where live readers have it. */
  shownTo: number;
  timings: Map<number, { last: number; delta: number }>;
};

/** Of a document's header, and of what comes between its clusters. */
const maxBetweenBytes = 4 << 20;

const endOfFragment = "AWS_KINESISVIDEO_END_OF_FRAGMENT";

export class IngestSession {
  readonly #options: Required<IngestSessionOptions>;
  readonly #log = new ByteLog();
  readonly #reader: MatroskaReader;
  readonly #startedAt: number;
  readonly #storing = new Set<Promise<void>>();
  #document: Document | undefined;
  /** Where what is kept of the next fragment begins. */
  #bodyStart = 0;
  #tags: Tag[] = [];
  #open: Open | undefined;
  #lastTimecode: number | undefined;
  #fragments = 0;
  #ended = false;

  constructor(options: IngestSessionOptions) {
    this.#options = { limits: defaultIngestLimits, ...options };
    this.#startedAt = this.#options.clock();
    const { fragmentBytes } = this.#options.limits;
    this.#reader = new MatroskaReader((event) => this.#take(event), { clusterBytes: fragmentBytes });
  }

  /** After an ERROR, or `end`: nothing more is taken. */
  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#log.append(chunk);
    this.#guard(() => this.#reader.push(chunk));
    if (!this.#ended) this.#forget();
  }

  /** The body has ended, and was whole. */
  end(): void {
    if (this.#ended) return;
    this.#guard(() => this.#reader.end());
    if (!this.#ended && this.#fragments === 0) this.fail("INVALID_MKV_DATA");
    this.#ended = true;
  }

  /** The body broke off: a fragment that is not whole never was. */
  abandon(): void {
    this.#ended = true;
    if (this.#open !== undefined) this.#options.live.end(this.#open.live, "dropped");
    this.#open = undefined;
  }

  /** Tells the producer, and ends. */
  fail(code: IngestErrorCode, of: { timecode: number; number: string } | undefined = this.#open): void {
    if (this.#ended) return;
    const about = of && { FragmentTimecode: of.timecode, FragmentNumber: of.number };
    this.#options.acknowledge({ EventType: "ERROR", ...about, ErrorCode: code, ErrorId: ingestErrors[code] });
    this.abandon();
  }

  /** Resolves when every fragment that was received is stored or has failed. */
  async settled(): Promise<void> {
    while (this.#storing.size > 0) await Promise.all(this.#storing);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof Refused) this.fail(error.code, error.of ?? this.#open);
      else if (error instanceof MatroskaError) this.fail(codeOf(error, this.#open !== undefined));
      else throw error;
    }
  }

  #take(event: MatroskaEvent): void {
    switch (event.type) {
      case "ebml":
        this.#document = { start: event.start, end: event.end, timestampScale: 1_000_000 };
        this.#bodyStart = event.end;
        this.#tags = [];
        break;
      case "info":
        this.#extend(event).timestampScale = event.info.timestampScale;
        break;
      case "tracks":
        this.#takeTracks(event);
        break;
      case "tags":
        this.#takeTags(event);
        break;
      case "cluster":
        this.#begin(event);
        break;
      case "frame":
        this.#takeFrame(event);
        break;
      case "clusterEnd":
        this.#finish(event);
    }
  }

  /** What belongs to the header, if no cluster has come yet. */
  #extend(span: Span): Document {
    const document = this.#document;
    if (document === undefined) throw new Refused("INVALID_MKV_DATA");
    if (document.header !== undefined) return document;
    document.end = span.end;
    this.#bodyStart = span.end;
    return document;
  }

  #takeTracks(event: Extract<MatroskaEvent, { type: "tracks" }>): void {
    const document = this.#extend(event);
    if (document.tracks !== undefined || event.tracks.length === 0) throw new Refused("INVALID_MKV_DATA");
    if (this.#options.limits.tracks < event.tracks.length) throw new Refused("MORE_THAN_ALLOWED_TRACKS_FOUND");
    if (new Set(event.tracks.map(({ number }) => number)).size < event.tracks.length) {
      throw new Refused("INVALID_MKV_DATA");
    }
    document.tracks = event.tracks;
  }

  #takeTags(event: Extract<MatroskaEvent, { type: "tags" }>): void {
    const tags = event.tags.flatMap(tagsOf);
    if (tags.some(({ name }) => name === endOfFragment)) {
      // Nothing else stands beside it; the cluster before it has ended with the first of its bytes.
      this.#bodyStart = event.end;
      return;
    }
    const { limits } = this.#options;
    const own = tags.filter(({ name }) => !name.startsWith("AWS"));
    this.#tags.push(...tags);
    const isTooMany = limits.tags < this.#tags.filter(({ name }) => !name.startsWith("AWS")).length;
    const isTooLong = own.some(
      ({ name, value }) =>
        limits.tagNameBytes < Buffer.byteLength(name) || limits.tagValueBytes < Buffer.byteLength(value),
    );
    // The reader tells tags late enough that names of our own could pile up as well.
    if (isTooMany || isTooLong || 4 * limits.tags < this.#tags.length) {
      throw new Refused("FRAGMENT_METADATA_LIMIT_REACHED");
    }
  }

  #begin({ start, end, timestamp }: Extract<MatroskaEvent, { type: "cluster" }>): void {
    const { streamId, clock, nextNumber, live, limits, relativeTo } = this.#options;
    const document = this.#document;
    if (document?.tracks === undefined) throw new Refused("INVALID_MKV_DATA");
    document.header ??= joined(this.#log.slice(document.start, document.end));
    const now = clock();
    const number = nextNumber();
    const of = { timecode: timestamp, number };
    if (this.#lastTimecode !== undefined && timestamp <= this.#lastTimecode) {
      throw new Refused("FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", of);
    }
    if (limits.connectionMs < now - this.#startedAt) throw new Refused("MAX_CONNECTION_DURATION_REACHED", of);
    const producerTimestamp = Math.round((relativeTo ?? 0) + (timestamp * document.timestampScale) / 1e6);
    if (!(0 <= producerTimestamp && producerTimestamp <= now + limits.aheadMs)) {
      throw new Refused("INVALID_PRODUCER_TIMESTAMP", of);
    }
    const facts = { serverTimestamp: now, producerTimestamp };
    const bodyStart = this.#bodyStart;
    const { header } = document;
    this.#open = {
      ...of,
      facts,
      bodyStart,
      clusterStart: start,
      tags: this.#tags,
      live: live.begin({ streamId, number, ...facts, header, clusterFrom: start - bodyStart }),
      shownTo: bodyStart,
      timings: new Map(),
    };
    this.#tags = [];
    this.#lastTimecode = timestamp;
    this.#fragments++;
    this.#acknowledge("BUFFERING", of);
    this.#show(this.#open, end);
  }

  #takeFrame({ track, timestamp, duration, end }: FrameEvent): void {
    const open = this.#open!;
    const { tracks, timestampScale } = this.#document!;
    if (!tracks!.some(({ number }) => number === track)) throw new Refused("TRACK_NUMBER_MISMATCH");
    if (this.#options.limits.fragmentMs < ((timestamp - open.timecode) * timestampScale) / 1e6) {
      throw new Refused("MAX_FRAGMENT_DURATION_REACHED");
    }
    const timing = open.timings.get(track);
    if (timing === undefined) open.timings.set(track, { last: timestamp, delta: duration ?? 0 });
    else if (timing.last < timestamp) {
      timing.delta = duration ?? timestamp - timing.last;
      timing.last = timestamp;
    }
    this.#show(open, end);
  }

  #finish({ start, end }: Span): void {
    const open = this.#open!;
    const { tracks, header } = this.#document!;
    if (tracks!.some(({ number }) => !open.timings.has(number))) throw new Refused("FRAMES_MISSING_FOR_TRACK");
    this.#show(open, end);
    this.#open = undefined;
    this.#bodyStart = end;
    this.#acknowledge("RECEIVED", open);
    open.live.become("complete");
    if (!this.#options.isKept()) return;
    const storing = this.#store(open, {
      streamId: this.#options.streamId,
      number: open.number,
      ...open.facts,
      durationMs: this.#durationOf(open),
      clusterFrom: start - open.bodyStart,
      clusterTo: end - open.bodyStart,
      header: header!,
      body: this.#log.slice(open.bodyStart, end),
      tags: open.tags,
    });
    this.#storing.add(storing);
    void storing.then(() => this.#storing.delete(storing));
  }

  /** Never rejects. */
  async #store(open: Open, fragment: Fragment): Promise<void> {
    const { store, live } = this.#options;
    try {
      await store(fragment);
      live.end(open.live, "stored");
      this.#acknowledge("PERSISTED", open);
    } catch (error) {
      live.end(open.live, "dropped");
      this.fail(error instanceof KeyDestroyed ? "STREAM_NOT_ACTIVE" : "ARCHIVAL_ERROR", open);
    }
  }

  /** From the cluster's timestamp to the end of the frame that lasts longest. */
  #durationOf({ timecode, timings }: Open): number {
    const { tracks, timestampScale } = this.#document!;
    const ends = [...timings].map(([track, { last, delta }]) => {
      const byDefault = (tracks!.find(({ number }) => number === track)?.defaultDuration ?? 0) / timestampScale;
      return last + (delta || byDefault);
    });
    return Math.max(0, Math.round(((Math.max(...ends) - timecode) * timestampScale) / 1e6));
  }

  #acknowledge(EventType: FragmentState, { timecode, number }: { timecode: number; number: string }): void {
    this.#options.acknowledge({ EventType, FragmentTimecode: timecode, FragmentNumber: number });
  }

  #show(open: Open, to: number): void {
    if (to <= open.shownTo) return;
    open.live.append(this.#log.slice(open.shownTo, to));
    open.shownTo = to;
  }

  /** What no fragment will need. */
  #forget(): void {
    const document = this.#document;
    const header = document === undefined || document.header !== undefined ? undefined : document.start;
    const from = Math.min(header ?? this.#log.end, this.#open?.bodyStart ?? this.#bodyStart);
    this.#log.forget(from);
    // The reader bounds each element and all of a cluster, but not what stands between clusters.
    if (this.#open === undefined && maxBetweenBytes < this.#log.end - from) this.fail("INVALID_MKV_DATA");
  }
}

class Refused extends Error {
  readonly code: IngestErrorCode;
  readonly of: { timecode: number; number: string } | undefined;

  constructor(code: IngestErrorCode, of?: { timecode: number; number: string }) {
    super(code);
    this.code = code;
    this.of = of;
  }
}

function codeOf({ reason }: MatroskaError, inFragment: boolean): IngestErrorCode {
  return reason === "too-large" && inFragment ? "MAX_FRAGMENT_SIZE_REACHED" : "INVALID_MKV_DATA";
}

/** Those of the whole document: what FFmpeg says of its tracks is not about a fragment. */
function tagsOf({ targets, simpleTags }: MatroskaTag): Tag[] {
  if (targets !== undefined && targets.trackUids.length > 0) return [];
  return simpleTags.map(({ name, value }) => ({ name, value: typeof value === "string" ? value : "" }));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  // A copy in any case: chunks are large, and a header lives as long as its session.
  return Buffer.concat(pieces);
}
