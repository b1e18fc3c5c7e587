/**
 * A producer's Matroska, cut into fragments: which bytes belong to which, what is wrong with them, and what the producer
 * is told of each.
 *
 * A fragment is a cluster with the tags that came before it. It is whole when the cluster ends: with its last byte, with
 * the next element where its size is unknown, or with the tag by which producers pause. The tag itself is not kept.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, API_dataplane_PutMedia
 */

import { unknownSize, vintLength, vintValue } from "@millrace/media/matroska/ebml";
import type { FrameEvent, MatroskaEvent, Span } from "@millrace/media/matroska/events";
import { MatroskaError } from "@millrace/media/matroska/matroska-error";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { Clock } from "../../base/clock.ts";
import type { Fragment, StoredFragment, Tag } from "../../storage/fragments/fragment.ts";
import { KeyFailure } from "../../storage/keys/key-store.ts";
import { KeyDestroyed } from "../../storage/keys/keyring.ts";
import { keyErrorOf } from "../live/key-errors.ts";
import type { LiveFragment } from "../live/live-fragment.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import { type Acknowledgement, type FragmentState, type IngestErrorCode, ingestErrors } from "./acknowledgement.ts";
import { ByteLog } from "./byte-log.ts";
import { DocumentHead } from "./document-head.ts";
import { exceedTags, fragmentTagsOf, isEndOfFragment } from "./fragment-tags.ts";
import { FragmentTimes } from "./fragment-times.ts";
import { defaultIngestLimits, type IngestLimits } from "./ingest-limits.ts";
import { type FragmentName, Refused } from "./refused.ts";

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

type Open = FragmentName & {
  facts: { serverTimestamp: number; producerTimestamp: number };
  /** Offset of the body in the stream. */
  bodyStart: number;
  tags: Tag[];
  live: LiveFragment;
  times: FragmentTimes;
};

export class IngestSession {
  readonly #options: Required<IngestSessionOptions>;
  readonly #log = new ByteLog();
  readonly #reader: MatroskaReader;
  readonly #startedAt: number;
  readonly #storing = new Set<Promise<void>>();
  #document: DocumentHead | undefined;
  /** Where what is kept of the next fragment begins. */
  #bodyStart = 0;
  #tags: Tag[] = [];
  #open: Open | undefined;
  /** Nanoseconds, of the fragment before. */
  #lastStart = Number.NEGATIVE_INFINITY;
  #ended = false;
  #failed = false;
  #telling = Promise.resolve();

  constructor(options: IngestSessionOptions) {
    this.#options = { limits: defaultIngestLimits, ...options };
    this.#startedAt = this.#options.clock();
    const { fragmentBytes } = this.#options.limits;
    this.#reader = new MatroskaReader((event) => this.#take(event), { clusterBytes: fragmentBytes });
  }

  /** After `fail`, `abandon` or `end`: nothing more is taken. */
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
    if (!this.#ended && this.#lastStart < 0) this.fail("INVALID_MKV_DATA");
    this.#ended = true;
  }

  /** The body broke off: a fragment that is not whole never was. */
  abandon(): void {
    this.#ended = true;
    if (this.#open !== undefined) this.#options.live.end(this.#open.live, "broken");
    this.#open = undefined;
  }

  /** Ends, and tells the producer once it has heard what becomes of the fragments before. */
  fail(code: IngestErrorCode, of: FragmentName | undefined = this.#open): void {
    if (this.#failed) return;
    this.#failed = true;
    this.abandon();
    const about = of && { FragmentTimecode: of.timecode, FragmentNumber: of.number };
    const error = { EventType: "ERROR", ...about, ErrorCode: code, ErrorId: ingestErrors[code] } as const;
    if (this.#storing.size === 0) this.#options.acknowledge(error);
    else this.#telling = this.#stored().then(() => this.#options.acknowledge(error));
  }

  /** Resolves when every fragment that was received is stored or has failed, and the producer is told all. */
  async settled(): Promise<void> {
    await this.#stored();
    await this.#telling;
  }

  async #stored(): Promise<void> {
    while (this.#storing.size > 0) await Promise.all(this.#storing);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof Refused) this.fail(error.code, error.of ?? this.#open);
      else if (error instanceof MatroskaError) this.fail(this.#codeOf(error));
      else throw error;
    }
  }

  #take(event: MatroskaEvent): void {
    switch (event.type) {
      case "ebml":
        this.#document = new DocumentHead(event);
        this.#bodyStart = event.end;
        this.#tags = [];
        break;
      case "segment":
        this.#head.takeSegment();
        break;
      case "info":
        this.#head.takeInfo(event);
        break;
      case "tracks":
        this.#head.takeTracks(event, this.#options.limits.tracks);
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

  get #head(): DocumentHead {
    if (this.#document === undefined) throw new Refused("INVALID_MKV_DATA");
    return this.#document;
  }

  #takeTags(event: Extract<MatroskaEvent, { type: "tags" }>): void {
    const tags = fragmentTagsOf(event.tags);
    if (tags.some(isEndOfFragment)) {
      // Nothing else stands beside it; the cluster before it has ended with the first of its bytes.
      this.#bodyStart = event.end;
      return;
    }
    this.#tags.push(...tags);
    if (exceedTags(this.#tags, this.#options.limits)) throw new Refused("FRAGMENT_METADATA_LIMIT_REACHED");
  }

  #begin({ start, end, timestamp }: Extract<MatroskaEvent, { type: "cluster" }>): void {
    const { streamId, clock, nextNumber, limits, relativeTo } = this.#options;
    const document = this.#head;
    const isFirst = !document.isComplete;
    const header = document.headerFrom(this.#log);
    if (isFirst) this.#bodyStart = document.end;
    const now = clock();
    const number = nextNumber();
    const of = { timecode: timestamp, number };
    const startNs = timestamp * document.timestampScale;
    if (startNs <= this.#lastStart) throw new Refused("FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", of);
    if (limits.connectionMs < now - this.#startedAt) throw new Refused("MAX_CONNECTION_DURATION_REACHED", of);
    const producerTimestamp = Math.round((relativeTo ?? 0) + startNs / 1e6);
    if (!(0 <= producerTimestamp && producerTimestamp <= now + limits.aheadMs)) {
      throw new Refused("INVALID_PRODUCER_TIMESTAMP", of);
    }
    const facts = { serverTimestamp: now, producerTimestamp };
    const bodyStart = this.#bodyStart;
    const clusterFrom = start - bodyStart;
    const isOpen = isOfUnknownSize(this.#log, start, end);
    const live = this.#options.live.begin(
      { streamId, number, ...facts, header, clusterFrom, isOpen },
      { log: this.#log, from: bodyStart },
    );
    this.#open = { ...of, facts, bodyStart, tags: this.#tags, live, times: new FragmentTimes() };
    this.#tags = [];
    this.#lastStart = startNs;
    this.#acknowledge("BUFFERING", of);
    live.show(end);
  }

  #takeFrame(frame: FrameEvent): void {
    const open = this.#open!;
    const head = this.#head;
    if (!head.has(frame.track)) throw new Refused("TRACK_NUMBER_MISMATCH");
    if (this.#options.limits.fragmentMs < ((frame.timestamp - open.timecode) * head.timestampScale) / 1e6) {
      throw new Refused("MAX_FRAGMENT_DURATION_REACHED");
    }
    open.times.take(frame);
    open.live.show(frame.end);
  }

  #finish({ start, end }: Span): void {
    const open = this.#open!;
    const head = this.#head;
    if (head.tracks!.some(({ number }) => !open.times.has(number))) throw new Refused("FRAMES_MISSING_FOR_TRACK");
    open.live.show(end);
    this.#open = undefined;
    this.#bodyStart = end;
    this.#acknowledge("RECEIVED", open);
    const isKept = this.#options.isKept();
    open.live.become(isKept ? "storing" : "whole");
    if (!isKept) return;
    const storing = this.#store(open, {
      streamId: this.#options.streamId,
      number: open.number,
      ...open.facts,
      durationMs: this.#durationOf(open),
      clusterFrom: start - open.bodyStart,
      clusterTo: end - open.bodyStart,
      header: head.headerFrom(this.#log),
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
      live.end(open.live, "released");
      this.#acknowledge("PERSISTED", open);
    } catch (error) {
      live.end(open.live, "broken");
      this.fail(storingErrorOf(error), open);
    }
  }

  /** From the cluster's timestamp on. */
  #durationOf({ timecode, times }: Open): number {
    const head = this.#head;
    const ticks = times.durationFrom(timecode, (track) => head.frameTicks(track));
    return Math.round((ticks * head.timestampScale) / 1e6);
  }

  #acknowledge(EventType: FragmentState, { timecode, number }: FragmentName): void {
    this.#options.acknowledge({ EventType, FragmentTimecode: timecode, FragmentNumber: number });
  }

  /** Whatever is too large behind a header is, or belongs to, a fragment. */
  #codeOf({ reason }: MatroskaError): IngestErrorCode {
    const isOfFragment = this.#document?.tracks !== undefined;
    return reason === "too-large" && isOfFragment ? "MAX_FRAGMENT_SIZE_REACHED" : "INVALID_MKV_DATA";
  }

  /** What no fragment will need. */
  #forget(): void {
    const document = this.#document;
    const isInHead = document !== undefined && !document.isComplete;
    const from = isInHead ? document.start : (this.#open?.bodyStart ?? this.#bodyStart);
    this.#log.forget(from);
    // The reader bounds each element and all of a cluster, but not what stands between clusters.
    const { betweenBytes } = this.#options.limits;
    if (this.#open === undefined && betweenBytes < this.#log.end - from) this.fail("INVALID_MKV_DATA");
  }
}

function storingErrorOf(error: unknown): IngestErrorCode {
  if (error instanceof KeyDestroyed) return "STREAM_NOT_ACTIVE";
  return error instanceof KeyFailure ? keyErrorOf(error) : "ARCHIVAL_ERROR";
}

/** Whether the cluster that begins there ends where something else begins. */
function isOfUnknownSize(log: ByteLog, start: number, end: number): boolean {
  const size = Buffer.concat(log.slice(start + idBytes, Math.min(end, start + idBytes + 8)));
  return vintValue(size, 0, vintLength(size[0]!)) === unknownSize;
}

/** Of a Cluster. */
const idBytes = 4;
