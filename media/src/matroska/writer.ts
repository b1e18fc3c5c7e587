/**
 * Matroska as the C producer of Kinesis Video Streams writes it: what a producer sends and GetMedia adds.
 *
 * Segments and clusters have no size, so a document can be written while it is made. Payloads are not copied: a block's
 * head is built and its frame sent after it.
 *
 * @see RFC 9559; RFC 8794
 */
import type { Frame, Track } from "../track.ts";
import { encodeUtf8 } from "../utf8.ts";
import { blockFlags } from "./block.ts";
import { ids } from "./ids.ts";
import { MatroskaReader } from "./reader.ts";

export type HeaderOptions = {
  tracks: readonly Track[];
  /** Nanoseconds a tick. */
  timestampScale?: number;
  title?: string;
  muxingApp?: string;
  writingApp?: string;
  /** 16 bytes. */
  segmentUid?: Uint8Array;
};

/** EBML header, Segment of unknown size, Info and Tracks: all that comes before the first cluster. */
export function buildHeader(options: HeaderOptions): Uint8Array {
  const { tracks, timestampScale = 1_000_000, title, muxingApp = "Millrace", segmentUid } = options;
  const { writingApp = muxingApp } = options;
  // Version 4 brought the fields that Opus needs; whoever knows version 2 may leave them out.
  const version = tracks.some((track) => track.codecDelay !== undefined || track.seekPreRoll !== undefined) ? 4 : 2;
  return concat([
    element(
      ids.EBML,
      element(ids.EBMLVersion, uint(1)),
      element(ids.EBMLReadVersion, uint(1)),
      element(ids.EBMLMaxIDLength, uint(4)),
      element(ids.EBMLMaxSizeLength, uint(8)),
      element(ids.DocType, encodeUtf8("matroska")),
      element(ids.DocTypeVersion, uint(version)),
      element(ids.DocTypeReadVersion, uint(2)),
    ),
    idBytes(ids.Segment),
    unknown,
    sized(
      2,
      ids.Info,
      optional(ids.SegmentUUID, segmentUid),
      element(ids.TimestampScale, uint(timestampScale, 8)),
      optional(ids.Title, title === undefined ? undefined : encodeUtf8(title)),
      element(ids.MuxingApp, encodeUtf8(muxingApp)),
      element(ids.WritingApp, encodeUtf8(writingApp)),
    ),
    sized(4, ids.Tracks, ...tracks.map(buildTrackEntry)),
  ]);
}

/**
 * A copy of a document's header whose Segment has no size, in as many bytes: so it may be sent with only some of its
 * clusters, with tags added, and with another document behind it, as GetMedia does.
 *
 * @throws MatroskaError
 */
export function withOpenSegment(header: Uint8Array): Uint8Array {
  const copy = new Uint8Array(header);
  const reader = new MatroskaReader(({ type, start, end }) => {
    if (type !== "segment") return;
    const sizeAt = start + idBytes(ids.Segment).length;
    copy.fill(0xff, sizeAt, end);
    copy[sizeAt] = 0xff >> (end - sizeAt - 1);
  });
  reader.push(header);
  return copy;
}

function buildTrackEntry(track: Track): Uint8Array {
  const { number, uid = BigInt(number), kind, codecId, video, audio } = track;
  return sized(
    4,
    ids.TrackEntry,
    element(ids.TrackNumber, uint(number)),
    element(ids.TrackUID, uint64(uid)),
    element(ids.TrackType, uint(kind === "video" ? 1 : kind === "audio" ? 2 : codecId.startsWith("S_") ? 17 : 33)),
    optional(ids.DefaultDuration, numberField(track.defaultDuration)),
    optional(ids.Name, textField(track.name)),
    optional(ids.Language, textField(track.language)),
    element(ids.CodecID, encodeUtf8(codecId)),
    optional(ids.CodecDelay, numberField(track.codecDelay)),
    optional(ids.SeekPreRoll, numberField(track.seekPreRoll)),
    video ? buildVideo(video) : nothing,
    audio ? buildAudio(audio) : nothing,
    optional(ids.CodecPrivate, track.codecPrivate),
  );
}

function buildVideo({ width, height, displayWidth, displayHeight }: NonNullable<Track["video"]>): Uint8Array {
  return sized(
    4,
    ids.Video,
    element(ids.PixelWidth, uint(width, 2)),
    element(ids.PixelHeight, uint(height, 2)),
    optional(ids.DisplayWidth, numberField(displayWidth)),
    optional(ids.DisplayHeight, numberField(displayHeight)),
  );
}

function buildAudio({ sampleRate, channels, bitDepth }: NonNullable<Track["audio"]>): Uint8Array {
  return sized(
    4,
    ids.Audio,
    element(ids.SamplingFrequency, float64(sampleRate)),
    element(ids.Channels, uint(channels)),
    optional(ids.BitDepth, numberField(bitDepth)),
  );
}

/** A Tags element of one Tag for the whole Segment, in the sizes of four bytes that GetMedia has. */
export function buildTags(tags: readonly { name: string; value: string }[]): Uint8Array {
  const simpleTags = tags.map(({ name, value }) =>
    sized(4, ids.SimpleTag, sized(4, ids.TagName, encodeUtf8(name)), sized(4, ids.TagString, encodeUtf8(value))),
  );
  return sized(4, ids.Tags, sized(4, ids.Tag, ...simpleTags));
}

/** A cluster of unknown size up to its first block. `timestamp` in ticks; producers write a `position` of 0. */
export function buildClusterStart(timestamp: number, position?: number): Uint8Array {
  return concat([
    idBytes(ids.Cluster),
    unknown,
    element(ids.Timestamp, uint(timestamp, 8)),
    optional(ids.Position, numberField(position)),
  ]);
}

export type BlockOptions = {
  track: number;
  /** Ticks since the cluster's timestamp: 16 bits with a sign. */
  relativeTimestamp: number;
  keyframe: boolean;
  discardable?: boolean;
  invisible?: boolean;
  /** Of the frame, which the caller sends after this. */
  sizeBytes: number;
};

/** A SimpleBlock up to its frame, its size in eight bytes. @throws RangeError where a number does not fit */
export function buildSimpleBlockStart(options: BlockOptions): Uint8Array {
  const { track, relativeTimestamp, keyframe, discardable = false, invisible = false, sizeBytes } = options;
  if (relativeTimestamp < -0x8000 || 0x7fff < relativeTimestamp) {
    throw new RangeError(`A frame at ${relativeTimestamp} ticks is too far from the start of its cluster`);
  }
  const trackNumber = size(track);
  const flags =
    (keyframe ? blockFlags.keyframe : 0) |
    (discardable ? blockFlags.discardable : 0) |
    (invisible ? blockFlags.invisible : 0);
  return concat([
    idBytes(ids.SimpleBlock),
    size(trackNumber.length + 3 + sizeBytes, 8),
    trackNumber,
    Uint8Array.of((relativeTimestamp >> 8) & 0xff, relativeTimestamp & 0xff, flags),
  ]);
}

/** A whole cluster of known size, its frames as SimpleBlocks. Their timestamps are absolute, as `timestamp` is. */
export function buildCluster(timestamp: number, frames: readonly Frame[]): Uint8Array {
  const blocks = frames.flatMap(({ track, timestamp: at, keyframe, data }) => [
    buildSimpleBlockStart({ track, relativeTimestamp: at - timestamp, keyframe, sizeBytes: data.length }),
    data,
  ]);
  return element(ids.Cluster, element(ids.Timestamp, uint(timestamp, 8)), ...blocks);
}

/** The size that is none, in one byte. */
const unknown = Uint8Array.of(0xff);
const nothing = new Uint8Array(0);

/** An element with the shortest size. */
function element(id: number, ...data: readonly Uint8Array[]): Uint8Array {
  return sized(undefined, id, ...data);
}

/** An element whose size is coded in `sizeLength` bytes, or in the fewest that there may be. */
function sized(sizeLength: number | undefined, id: number, ...data: readonly Uint8Array[]): Uint8Array {
  const bytes = data.reduce((sum, part) => sum + part.length, 0);
  return concat([idBytes(id), size(bytes, sizeLength), ...data]);
}

function optional(id: number, data: Uint8Array | undefined): Uint8Array {
  return data === undefined ? nothing : element(id, data);
}

function numberField(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : uint(value);
}

function textField(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : encodeUtf8(value);
}

function idBytes(id: number): Uint8Array {
  return uint(id);
}

/** In `length` bytes, or in more where it needs them. All ones would mean unknown, so the largest value takes another. */
function size(value: number, length = 1): Uint8Array {
  let bytes = length;
  while (2 ** (7 * bytes) - 1 <= value) bytes++;
  const coded = uint(value, bytes);
  coded[0]! |= 0x80 >> (bytes - 1);
  return coded;
}

/** In `length` bytes, or in more where it needs them. */
function uint(value: number, length = 1): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an unsigned integer`);
  let bytes = length;
  while (2 ** (8 * bytes) <= value) bytes++;
  const coded = new Uint8Array(bytes);
  for (let at = bytes - 1, rest = value; 0 <= at; at--, rest = Math.floor(rest / 256)) coded[at] = rest % 256;
  return coded;
}

function uint64(value: bigint): Uint8Array {
  const coded = new Uint8Array(8);
  new DataView(coded.buffer).setBigUint64(0, value);
  return coded;
}

function float64(value: number): Uint8Array {
  const coded = new Uint8Array(8);
  new DataView(coded.buffer).setFloat64(0, value);
  return coded;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
