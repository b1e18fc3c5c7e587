/**
 * The elements that are read whole: the EBML header, Info and Tracks.
 *
 * Each parser takes an element's data and throws MatroskaError with offsets that count from its start.
 * Not here: tags (tags.ts).
 *
 * @see RFC 8794, 11.2; RFC 9559, 5.1.2 and 5.1.4
 */
import type { Track } from "../track.ts";
import {
  bigUintOf,
  binaryOf,
  type Element,
  elements,
  type Fields,
  floatOf,
  readFields,
  stringOf,
  uintOf,
} from "./ebml.ts";
import { ids } from "./ids.ts";
import { MatroskaError } from "./matroska-error.ts";

type EbmlHeader = { readVersion: number; maxIdLength: number; maxSizeLength: number; docType: string };

const ebmlHeaderFields: Fields<EbmlHeader> = {
  [ids.EBMLReadVersion]: ["readVersion", uintOf],
  [ids.EBMLMaxIDLength]: ["maxIdLength", uintOf],
  [ids.EBMLMaxSizeLength]: ["maxSizeLength", uintOf],
  [ids.DocType]: ["docType", stringOf],
};

/** The DocType: `matroska` or `webm`. */
export function parseEbmlHeader(bytes: Uint8Array): string {
  const header: EbmlHeader = { readVersion: 1, maxIdLength: 4, maxSizeLength: 8, docType: "matroska" };
  readFields(header, ebmlHeaderFields, bytes);
  const { readVersion, maxIdLength, maxSizeLength, docType } = header;
  if (1 < readVersion || 4 < maxIdLength || 8 < maxSizeLength || (docType !== "matroska" && docType !== "webm")) {
    throw new MatroskaError("unsupported", 0, "EBML, but neither Matroska nor WebM as we know them");
  }
  return docType;
}

export type SegmentInfo = {
  /** Nanoseconds a tick. */
  timestampScale: number;
  /** Ticks. */
  duration?: number;
  title?: string;
  muxingApp?: string;
  writingApp?: string;
  segmentUid?: Uint8Array;
};

export const defaultTimestampScale = 1_000_000;

const infoFields: Fields<SegmentInfo> = {
  [ids.TimestampScale]: ["timestampScale", uintOf],
  [ids.Duration]: ["duration", floatOf],
  [ids.Title]: ["title", stringOf],
  [ids.MuxingApp]: ["muxingApp", stringOf],
  [ids.WritingApp]: ["writingApp", stringOf],
  [ids.SegmentUUID]: ["segmentUid", binaryOf],
};

export function parseInfo(bytes: Uint8Array): SegmentInfo {
  const info = readFields<SegmentInfo>({ timestampScale: defaultTimestampScale }, infoFields, bytes);
  if (info.timestampScale === 0) throw new MatroskaError("invalid", 0, "a TimestampScale of 0");
  return info;
}

/** Tracks in the order of the document, each with a number of its own. */
export function parseTracks(bytes: Uint8Array): Track[] {
  const tracks = new Map<number, Track>();
  for (const { id, start, dataStart, dataEnd } of elements(bytes)) {
    if (id !== ids.TrackEntry) continue;
    const track = readFields<Track>({ number: 0, kind: "other", codecId: "" }, trackFields, bytes, dataStart, dataEnd);
    if (track.number === 0) throw new MatroskaError("invalid", start, "a track without a number");
    if (track.codecId === "") throw new MatroskaError("invalid", start, "a track without a CodecID");
    if (tracks.has(track.number)) throw new MatroskaError("invalid", start, `two tracks ${track.number}`);
    readContentEncodings(track, bytes, dataStart, dataEnd);
    tracks.set(track.number, track);
  }
  return [...tracks.values()];
}

const trackFields: Fields<Track> = {
  [ids.TrackNumber]: ["number", uintOf],
  [ids.TrackUID]: ["uid", bigUintOf],
  [ids.TrackType]: ["kind", kindOf],
  [ids.Name]: ["name", stringOf],
  [ids.Language]: ["language", stringOf],
  [ids.CodecID]: ["codecId", stringOf],
  [ids.CodecPrivate]: ["codecPrivate", binaryOf],
  [ids.DefaultDuration]: ["defaultDuration", uintOf],
  [ids.CodecDelay]: ["codecDelay", uintOf],
  [ids.SeekPreRoll]: ["seekPreRoll", uintOf],
  [ids.Video]: ["video", videoOf],
  [ids.Audio]: ["audio", audioOf],
};

function kindOf(bytes: Uint8Array, element: Element): Track["kind"] {
  const type = uintOf(bytes, element);
  return type === 1 ? "video" : type === 2 ? "audio" : "other";
}

type Picture = { width: number; height: number; displayWidth: number; displayHeight: number; displayUnit: number };

const videoFields: Fields<Picture> = {
  [ids.PixelWidth]: ["width", uintOf],
  [ids.PixelHeight]: ["height", uintOf],
  [ids.DisplayWidth]: ["displayWidth", uintOf],
  [ids.DisplayHeight]: ["displayHeight", uintOf],
  [ids.DisplayUnit]: ["displayUnit", uintOf],
};

function videoOf(bytes: Uint8Array, { dataStart, dataEnd }: Element): NonNullable<Track["video"]> {
  const picture: Picture = { width: 0, height: 0, displayWidth: 0, displayHeight: 0, displayUnit: 0 };
  const { width, height, ...display } = readFields(picture, videoFields, bytes, dataStart, dataEnd);
  const displayWidth = display.displayWidth || width;
  const displayHeight = display.displayHeight || height;
  const differs = display.displayUnit === 0 && (displayWidth !== width || displayHeight !== height);
  return differs ? { width, height, displayWidth, displayHeight } : { width, height };
}

const audioFields: Fields<NonNullable<Track["audio"]>> = {
  [ids.SamplingFrequency]: ["sampleRate", floatOf],
  [ids.Channels]: ["channels", uintOf],
  [ids.BitDepth]: ["bitDepth", uintOf],
};

function audioOf(bytes: Uint8Array, { dataStart, dataEnd }: Element): NonNullable<Track["audio"]> {
  return readFields<NonNullable<Track["audio"]>>(
    { sampleRate: 8000, channels: 1 },
    audioFields,
    bytes,
    dataStart,
    dataEnd,
  );
}

/** RFC 9559, 5.1.4.1.31.6. */
const compressions = ["zlib", "bzlib", "lzo1x", "header-stripping"] as const;

type Encoding = { type: number; scope: number; algorithm: number; settings: Uint8Array };

const encodingFields: Fields<Encoding> = {
  [ids.ContentEncodingType]: ["type", uintOf],
  [ids.ContentEncodingScope]: ["scope", uintOf],
};

const compressionFields: Fields<Encoding> = {
  [ids.ContentCompAlgo]: ["algorithm", uintOf],
  [ids.ContentCompSettings]: ["settings", binaryOf],
};

/** One header stripping of the frames can be undone by who reads them; all else is only named. */
function readContentEncodings(track: Track, bytes: Uint8Array, from: number, to: number): void {
  const found = descendants(bytes, [ids.ContentEncodings, ids.ContentEncoding], from, to).map(
    ({ dataStart, dataEnd }) => {
      const encoding: Encoding = { type: 0, scope: 1, algorithm: 0, settings: new Uint8Array() };
      readFields(encoding, encodingFields, bytes, dataStart, dataEnd);
      for (const compression of descendants(bytes, [ids.ContentCompression], dataStart, dataEnd)) {
        readFields(encoding, compressionFields, bytes, compression.dataStart, compression.dataEnd);
      }
      return {
        ...encoding,
        name: encoding.type === 0 ? (compressions[encoding.algorithm] ?? "unknown") : "encryption",
      };
    },
  );
  const [only] = found;
  if (!only) return;
  if (found.length === 1 && only.name === "header-stripping" && only.scope === 1) track.strippedHeader = only.settings;
  else track.contentEncoding = found.map(({ name }) => name).join("+");
}

/** The elements in `bytes[from, to)` at the end of a path of IDs. */
function descendants(bytes: Uint8Array, path: readonly number[], from: number, to: number): Element[] {
  const [id, ...rest] = path;
  const here = [...elements(bytes, from, to)].filter((element) => element.id === id);
  return rest.length === 0
    ? here
    : here.flatMap(({ dataStart, dataEnd }) => descendants(bytes, rest, dataStart, dataEnd));
}
