/**
 * Matroska as it arrives: a machine that takes chunks of any size and tells events with offsets into the whole stream.
 *
 * It looks at headers and never at payloads: frames are neither kept nor copied, the caller has their bytes already. It
 * keeps an element's header that a chunk boundary splits, and Info, Tracks and Tags until they are whole.
 *
 * @see RFC 8794; RFC 9559
 */
import { type BlockHead, blockFlags, framesOfLace, parseBlockHead, shareDuration } from "./block.ts";
import { elementId, isElementId, uintOf, unknownSize, vintLength, vintValue } from "./ebml.ts";
import type { FrameEvent, MatroskaEvent } from "./events.ts";
import { defaultTimestampScale, parseEbmlHeader, parseInfo, parseTracks } from "./header.ts";
import { ids, levelOf } from "./ids.ts";
import { MatroskaError } from "./matroska-error.ts";
import { parseTags } from "./tags.ts";

export type MatroskaLimits = {
  /** For each of EBML header, Info, Tracks and Tags, which are kept until they are whole. */
  headerBytes: number;
  /** For a cluster, and for every other element. */
  clusterBytes: number;
  clusterFrames: number;
};

/** The size is a Kinesis Video fragment's; the frames are 20 seconds of three tracks at more than 1,600 a second. */
export const defaultLimits: MatroskaLimits = {
  headerBytes: 1024 * 1024,
  clusterBytes: 50 * 1024 * 1024,
  clusterFrames: 100_000,
};

/** Bytes kept for the headers of blocks; Info, Tracks and Tags get more, for as long as they need it. */
const smallBuffer = 64;

/** A master that has begun and not ended. `open`: without a size of its own, so that `end` is its parent's. */
type Master = { start: number; end: number; open: boolean };
type Cluster = Master & { timestamp: number | undefined; frames: number };
type Group = { start: number; end: number; frames: FrameEvent[]; keyframe: boolean; duration: number | undefined };

/** The element that is being read, by offsets into the stream. `end` is infinite where the size is unknown. */
type Head = { id: number; start: number; dataStart: number; end: number };

const [inDocument, inSegment, inCluster, inGroup] = [0, 1, 2, 3] as const;

/**
 * Tells `onEvent` what the chunks hold: in order, within `push`, and before `push` throws for what comes after.
 * After an error every call throws that error again. If `onEvent` throws, the reader is of no more use.
 */
export class MatroskaReader {
  readonly #onEvent: (event: MatroskaEvent) => void;
  readonly #limits: MatroskaLimits;
  #failure: unknown;

  /** How many bytes have come, and the first that is neither read nor skipped: among them, or still to come. */
  #received = 0;
  #at = 0;
  /** The bytes from `#at` on, where a chunk ended before they could be read, and how many are needed. */
  #kept = new Uint8Array(smallBuffer);
  #keptLength = 0;
  #wanted = 0;

  #level: 0 | 1 | 2 | 3 = inDocument;
  #segment: Master = { start: 0, end: Number.POSITIVE_INFINITY, open: true };
  #cluster: Cluster = { start: 0, end: 0, open: false, timestamp: undefined, frames: 0 };
  #group: Group = { start: 0, end: 0, frames: [], keyframe: true, duration: undefined };
  /** What is told when all before `#at` has come. */
  #pending: MatroskaEvent[] = [];
  #timestampScale = defaultTimestampScale;
  /** Of the tracks that have one, in nanoseconds. */
  #defaultDurations = new Map<number, number>();

  constructor(onEvent: (event: MatroskaEvent) => void, limits: Partial<MatroskaLimits> = {}) {
    this.#onEvent = onEvent;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** How many bytes have come: the offset at which the next chunk begins. */
  get received(): number {
    return this.#received;
  }

  /**
   * The chunk may be used again afterwards.
   *
   * @throws MatroskaError
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#push(chunk);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /**
   * The stream is over, which ends a cluster of unknown size. A Segment may end early, after any of its elements.
   *
   * @throws MatroskaError `truncated` where an element is cut short
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      // Bytes that waited for more may be wrong as they are; an element of which all has come is not among them.
      if (0 < this.#keptLength) this.#read(this.#kept, 0, this.#keptLength);
      const open = this.#level === inCluster && this.#cluster.open;
      if (this.#at !== this.#received || (inCluster <= this.#level && !open)) {
        throw new MatroskaError("truncated", this.#received, "the stream ends within an element");
      }
      if (open) this.#endCluster();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #push(chunk: Uint8Array): void {
    const chunkStart = this.#received;
    this.#received += chunk.length;
    while (this.#at <= this.#received) {
      this.#endWhatEndsHere();
      if (this.#at === this.#received) return;
      const from = this.#at + this.#keptLength - chunkStart;
      if (this.#keptLength === 0) {
        this.#wanted = this.#read(chunk, from, chunk.length);
        if (this.#wanted === 0) continue;
        this.#keep(chunk.subarray(from));
        return;
      } else {
        this.#keep(chunk.subarray(from, from + this.#wanted - this.#keptLength));
        if (this.#keptLength < this.#wanted) return;
        this.#wanted = this.#read(this.#kept, 0, this.#keptLength);
        if (this.#wanted === 0) this.#keepNothing();
      }
    }
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#keptLength + bytes.length;
    if (this.#kept.length < length) {
      const grown = new Uint8Array(Math.max(smallBuffer, Math.min(2 * length, this.#wanted)));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#keptLength);
    this.#keptLength = length;
  }

  #keepNothing(): void {
    this.#keptLength = 0;
    if (smallBuffer < this.#kept.length) this.#kept = new Uint8Array(smallBuffer);
  }

  /** All before `#at` has come. */
  #endWhatEndsHere(): void {
    if (this.#level === inGroup && this.#at === this.#group.end) this.#endGroup();
    if (0 < this.#pending.length) {
      for (const event of this.#pending) this.#onEvent(event);
      this.#pending.length = 0;
    }
    if (this.#level === inCluster && this.#at === this.#cluster.end) this.#endCluster();
    if (this.#level === inSegment && this.#at === this.#segment.end) this.#level = inDocument;
  }

  /**
   * Reads the element that begins at `#at`, of which `bytes[from, to)` has come, and moves `#at` past it, or past the
   * header of a master to be entered. Returns 0, or how many bytes it needs from `from` on; then nothing has moved.
   */
  #read(bytes: Uint8Array, from: number, to: number): number {
    const start = this.#at;
    const idLength = vintLength(bytes[from]!);
    if (4 < idLength) throw new MatroskaError("invalid", start, "no element ID can begin here");
    const sizeAt = from + idLength;
    if (to <= sizeAt) return idLength + 1;
    const sizeLength = vintLength(bytes[sizeAt]!);
    if (8 < sizeLength) throw new MatroskaError("invalid", start + idLength, "no size can begin here");
    if (to < sizeAt + sizeLength) return idLength + sizeLength;

    const id = elementId(bytes, from, idLength);
    const size = vintValue(bytes, sizeAt, sizeLength);
    if (size === unknownSize && id !== ids.Segment && id !== ids.Cluster) {
      throw new MatroskaError("invalid", start, "only a Segment and a Cluster may be without a size");
    }
    this.#leaveOpenMasters(id);
    const dataStart = start + idLength + sizeLength;
    const end = size === unknownSize ? Number.POSITIVE_INFINITY : dataStart + size;
    if (Number.MAX_SAFE_INTEGER < end && size !== unknownSize) {
      throw new MatroskaError("too-large", start, "an element that ends past 2^53");
    }
    const head: Head = { id, start, dataStart, end };
    if (inCluster <= this.#level) return this.#readInCluster(head, bytes, from, to);
    return this.#level === inSegment
      ? this.#readInSegment(head, bytes, from, to)
      : this.#readInDocument(head, bytes, from, to);
  }

  /** A master of unknown size ends where an element begins that cannot be part of it. */
  #leaveOpenMasters(id: number): void {
    if (this.#level === inCluster && this.#cluster.open && levelOf(id) < 2) this.#endCluster();
    if (this.#level === inSegment && this.#segment.open && levelOf(id) === 0) this.#level = inDocument;
  }

  #readInDocument(head: Head, bytes: Uint8Array, from: number, to: number): number {
    const { id, start, dataStart, end } = head;
    if (id === ids.EBML) {
      return this.#readWhole(head, bytes, from, to, (data) => ({
        type: "ebml",
        start,
        end,
        docType: parseEbmlHeader(data),
      }));
    }
    if (id === ids.Void || id === ids.CRC32) return this.#skip(head);
    if (id !== ids.Segment) throw new MatroskaError("invalid", start, "neither an EBML header nor a Segment");
    const open = end === Number.POSITIVE_INFINITY;
    this.#level = inSegment;
    this.#segment = { start, end, open };
    this.#timestampScale = defaultTimestampScale;
    this.#defaultDurations.clear();
    this.#pending.push({ type: "segment", start, end: dataStart, ...(open ? {} : { segmentEnd: end }) });
    this.#at = dataStart;
    return 0;
  }

  #readInSegment(head: Head, bytes: Uint8Array, from: number, to: number): number {
    const { id, start, end } = head;
    if (id === ids.Cluster) return this.#enterCluster(head);
    if (this.#segment.end < end) throw new MatroskaError("invalid", start, "an element is longer than its Segment");
    switch (id) {
      case ids.Info:
        return this.#readWhole(head, bytes, from, to, (data) => {
          const info = parseInfo(data);
          this.#timestampScale = info.timestampScale;
          return { type: "info", start, end, info };
        });
      case ids.Tracks:
        return this.#readWhole(head, bytes, from, to, (data) => {
          const tracks = parseTracks(data);
          for (const { number, defaultDuration = 0 } of tracks) this.#defaultDurations.set(number, defaultDuration);
          return { type: "tracks", start, end, tracks };
        });
      case ids.Tags:
        return this.#readWhole(head, bytes, from, to, (data) => ({ type: "tags", start, end, tags: parseTags(data) }));
      case ids.EBML:
      case ids.Segment:
      case ids.Timestamp:
      case ids.SimpleBlock:
      case ids.BlockGroup:
        throw new MatroskaError("invalid", start, "an element that cannot stand in a Segment");
      default:
        return this.#skip(head);
    }
  }

  #enterCluster({ start, dataStart, end }: Head): number {
    const open = end === Number.POSITIVE_INFINITY;
    if (!open && this.#segment.end < end) {
      throw new MatroskaError("invalid", start, "a Cluster is longer than its Segment");
    }
    if (!open) checkSize("a Cluster", start, end, this.#limits.clusterBytes);
    this.#level = inCluster;
    this.#cluster = { start, end: open ? this.#segment.end : end, open, timestamp: undefined, frames: 0 };
    this.#at = dataStart;
    return 0;
  }

  #readInCluster(head: Head, bytes: Uint8Array, from: number, to: number): number {
    const { id, start, dataStart, end } = head;
    const inside = this.#level === inGroup ? this.#group : this.#cluster;
    if (inside.end < end) throw new MatroskaError("invalid", start, "an element is longer than its parent");
    if (levelOf(id) < 2) throw new MatroskaError("invalid", start, "an element that cannot stand in a Cluster");
    checkSize("a Cluster", this.#cluster.start, end, this.#limits.clusterBytes);
    if (this.#level === inGroup) return this.#readInGroup(head, bytes, from, to);
    switch (id) {
      case ids.SimpleBlock:
        return this.#readBlock(head, bytes, from, to);
      case ids.BlockGroup:
        this.#level = inGroup;
        this.#group = { start, end, frames: [], keyframe: true, duration: undefined };
        this.#at = dataStart;
        return 0;
      case ids.Timestamp:
        if (this.#cluster.timestamp !== undefined) throw new MatroskaError("invalid", start, "a second Timestamp");
        return this.#readWhole(head, bytes, from, to, (data) => {
          const timestamp = uintOf(data, whole(data));
          this.#cluster.timestamp = timestamp;
          return { type: "cluster", start: this.#cluster.start, end, timestamp };
        });
      default:
        return this.#skip(head);
    }
  }

  #readInGroup(head: Head, bytes: Uint8Array, from: number, to: number): number {
    const { id, start } = head;
    switch (id) {
      case ids.Block:
        if (0 < this.#group.frames.length) throw new MatroskaError("invalid", start, "a second Block in a BlockGroup");
        return this.#readBlock(head, bytes, from, to);
      case ids.BlockDuration:
        return this.#readWhole(head, bytes, from, to, (data) => {
          this.#group.duration = uintOf(data, whole(data));
          return undefined;
        });
      case ids.ReferenceBlock:
        this.#group.keyframe = false;
        return this.#skip(head);
      default:
        return this.#skip(head);
    }
  }

  #readBlock({ id, start, dataStart, end }: Head, bytes: Uint8Array, from: number, to: number): number {
    const { timestamp } = this.#cluster;
    if (timestamp === undefined) throw new MatroskaError("invalid", start, "a block before the Timestamp");
    const blockTo = Math.min(to, from + end - start);
    const head = this.#parseBlockHead(bytes, from + dataStart - start, blockTo, dataStart, end - dataStart);
    // Twice as much at each try, so that a lace of any length that comes in single bytes is read in linear time.
    if (head === undefined) return Math.min(end - start, 2 * (blockTo - from) + 4);

    const simple = id === ids.SimpleBlock;
    const frame: FrameEvent = {
      type: "frame",
      start,
      end,
      track: head.track,
      timestamp: timestamp + head.relativeTimestamp,
      keyframe: simple && (head.flags & blockFlags.keyframe) !== 0,
      discardable: simple && (head.flags & blockFlags.discardable) !== 0,
      invisible: (head.flags & blockFlags.invisible) !== 0,
      duration: undefined,
      dataStart: dataStart + head.length,
      dataEnd: end,
    };
    const frames = simple ? this.#pending : this.#group.frames;
    if (head.sizes) {
      const ticks = (this.#defaultDurations.get(head.track) ?? 0) / this.#timestampScale;
      frames.push(...framesOfLace(frame, head.sizes, ticks));
    } else {
      frames.push(frame);
    }
    this.#cluster.frames += frames.length;
    if (this.#limits.clusterFrames < this.#cluster.frames) {
      throw new MatroskaError("too-large", start, `a Cluster of more than ${this.#limits.clusterFrames} frames`);
    }
    this.#at = end;
    return 0;
  }

  #parseBlockHead(bytes: Uint8Array, at: number, to: number, dataStart: number, length: number): BlockHead | undefined {
    try {
      return parseBlockHead(bytes, at, to, length);
    } catch (error) {
      throw shifted(error, dataStart - at);
    }
  }

  #endGroup(): void {
    const { start, end, frames, keyframe, duration } = this.#group;
    if (frames.length === 0) throw new MatroskaError("invalid", start, "a BlockGroup without a Block");
    for (const frame of frames) Object.assign(frame, { start, end, keyframe });
    if (duration !== undefined) shareDuration(frames, duration);
    this.#pending.push(...frames);
    this.#level = inCluster;
  }

  #endCluster(): void {
    const { start, timestamp } = this.#cluster;
    if (timestamp === undefined) throw new MatroskaError("invalid", start, "a Cluster without a Timestamp");
    this.#level = inSegment;
    this.#onEvent({ type: "clusterEnd", start, end: this.#at });
  }

  /** `parse` gets the element's data, with offsets of its own. */
  #readWhole(
    { start, dataStart, end }: Head,
    bytes: Uint8Array,
    from: number,
    to: number,
    parse: (data: Uint8Array) => MatroskaEvent | undefined,
  ): number {
    checkSize("a header", start, end, this.#limits.headerBytes);
    if (to - from < end - start) return end - start;
    try {
      const event = parse(bytes.subarray(from + dataStart - start, from + end - start));
      if (event) this.#pending.push(event);
    } catch (error) {
      throw shifted(error, dataStart);
    }
    this.#at = end;
    return 0;
  }

  #skip({ id, start, end }: Head): number {
    checkSize("an element", start, end, this.#limits.clusterBytes);
    if (!isElementId(id)) throw new MatroskaError("invalid", start, "no element ID");
    if (this.#level < inCluster) this.#pending.push({ type: "other", id, start, end });
    this.#at = end;
    return 0;
  }
}

function checkSize(what: string, start: number, end: number, most: number): void {
  if (most < end - start) throw new MatroskaError("too-large", start, `${what} of more than ${most} bytes`);
}

function whole(data: Uint8Array) {
  return { dataStart: 0, dataEnd: data.length };
}

/** The error, with an offset that counts from the start of the stream. */
function shifted(error: unknown, by: number): unknown {
  return error instanceof MatroskaError ? new MatroskaError(error.reason, error.offset + by, error.detail) : error;
}
