/**
 * What a track is to a player: codec name, size or sample rate, and the configuration that containers keep.
 *
 * Which of these an API lets through is the caller's business: Kinesis Video Streams takes fewer for HLS than for DASH.
 */
import type { Track } from "../track.ts";
import { type AacConfig, parseAudioSpecificConfig } from "./aac.ts";
import { avcUnit, avcUnitType, parseAvcConfig } from "./avc.ts";
import { CodecError } from "./errors.ts";
import { parseAcmFormat } from "./g711.ts";
import { hevcUnit, hevcUnitType, parseHevcConfig } from "./hevc.ts";
import { parseOpusHead } from "./opus.ts";
import { parseVp8Config, parseVp9Config, type VpxConfig } from "./vpx.ts";
import type { Picture } from "./vui.ts";

export type TrackFormat = VideoFormat | AudioFormat;

export type VideoFormat = Pick<Picture, "pixelAspect" | "frameRate" | "reorderFrames"> & {
  kind: "video";
  codec: "h264" | "h265" | "vp8" | "vp9";
  /** RFC 6381. */
  codecName: string;
  /** Pixels, after cropping. */
  width: number;
  height: number;
  /** The record for `avcC`, `hvcC` or `vpcC`. */
  configuration: Uint8Array;
  /** Of H.264 and H.265. */
  nal?: NalFormat;
};

export type NalFormat = {
  lengthSize: number;
  /** In the order in which decoders want them. */
  parameterSets: readonly Uint8Array[];
  isParameterSet(unit: Uint8Array): boolean;
  isDelimiter(unit: Uint8Array): boolean;
  /** Whether decoding can begin at the frame that holds this unit. */
  isRandomAccess(unit: Uint8Array): boolean;
};

export type AudioFormat = {
  kind: "audio";
  codec: "aac" | "alaw" | "mulaw" | "opus" | "mp3";
  /** RFC 6381. G.711 has no registered name; `alaw` and `ulaw` are those of its sample entries. */
  codecName: string;
  sampleRate: number;
  channels: number;
  /** AudioSpecificConfig, or the record for `dOps`; G.711 and MP3 have none. */
  configuration?: Uint8Array;
  aac?: AacConfig;
};

/**
 * @param keyframe of VP8 and VP9 tells what their tracks do not; others do not need it
 * @throws CodecError "missing-codec-private-data", "invalid-codec-private-data", "unsupported-codec", "invalid-frame"
 */
export function describeTrack(track: Track, keyframe?: Uint8Array): TrackFormat {
  const describe = formats.get(track.codecId);
  if (describe === undefined) throw new CodecError("unsupported-codec", `The codec ${track.codecId} is not supported.`);
  return describe(track, keyframe);
}

type Describe = (track: Track, keyframe?: Uint8Array) => TrackFormat;

const formats: ReadonlyMap<string, Describe> = new Map(
  Object.entries({
    "V_MPEG4/ISO/AVC": h264,
    // As the developer guide misprints it, and so as some producers send it.
    "V_MPEG/ISO/AVC": h264,
    "V_MPEGH/ISO/HEVC": h265,
    V_VP8: (track, keyframe) => vpx("vp8", track, parseVp8Config(sizeOf(track), keyframe)),
    V_VP9: (track, keyframe) => vpx("vp9", track, parseVp9Config(sizeOf(track), track.codecPrivate, keyframe)),
    A_AAC: aac,
    "A_MS/ACM": g711,
    A_OPUS: opus,
    "A_MPEG/L3": mp3,
  } satisfies Record<string, Describe>),
);

function h264(track: Track): VideoFormat {
  const { record, sps, pps, lengthSize, picture, codecName } = parseAvcConfig(privateDataOf(track));
  const nal: NalFormat = {
    lengthSize,
    parameterSets: [...sps, ...pps],
    isParameterSet: (unit) => avcUnitType(unit) === avcUnit.sps || avcUnitType(unit) === avcUnit.pps,
    isDelimiter: (unit) => avcUnitType(unit) === avcUnit.delimiter,
    isRandomAccess: (unit) => avcUnitType(unit) === avcUnit.idr,
  };
  return pictures("h264", codecName, picture, record, nal);
}

function h265(track: Track): VideoFormat {
  const { record, vps, sps, pps, lengthSize, picture, codecName } = parseHevcConfig(privateDataOf(track));
  const between = (unit: Uint8Array, first: number, last: number) =>
    first <= hevcUnitType(unit) && hevcUnitType(unit) <= last;
  const nal: NalFormat = {
    lengthSize,
    parameterSets: [...vps, ...sps, ...pps],
    isParameterSet: (unit) => between(unit, hevcUnit.vps, hevcUnit.pps),
    isDelimiter: (unit) => hevcUnitType(unit) === hevcUnit.delimiter,
    isRandomAccess: (unit) => between(unit, hevcUnit.firstRandomAccess, hevcUnit.lastRandomAccess),
  };
  return pictures("h265", codecName, picture, record, nal);
}

function pictures(
  codec: VideoFormat["codec"],
  codecName: string,
  picture: Picture,
  configuration: Uint8Array,
  nal: NalFormat,
): VideoFormat {
  const { width, height, pixelAspect, frameRate, reorderFrames } = picture;
  return { kind: "video", codec, codecName, width, height, pixelAspect, frameRate, reorderFrames, configuration, nal };
}

function vpx(codec: "vp8" | "vp9", track: Track, { size, codecName, record }: VpxConfig): VideoFormat {
  const { width, height } = size ?? sizeOf(track);
  return { kind: "video", codec, codecName, width, height, configuration: record };
}

function aac(track: Track): AudioFormat {
  const configuration = privateDataOf(track);
  const config = parseAudioSpecificConfig(configuration);
  const { codecName, sampleRate, channels } = config;
  return { kind: "audio", codec: "aac", codecName, sampleRate, channels, configuration, aac: config };
}

function g711(track: Track): AudioFormat {
  const { law, sampleRate, channels } = parseAcmFormat(privateDataOf(track));
  return { kind: "audio", codec: law, codecName: law === "alaw" ? "alaw" : "ulaw", sampleRate, channels };
}

function opus(track: Track): AudioFormat {
  const { channels, record } = parseOpusHead(privateDataOf(track));
  return { kind: "audio", codec: "opus", codecName: "opus", sampleRate: 48_000, channels, configuration: record };
}

function mp3(track: Track): AudioFormat {
  const { sampleRate = 44_100, channels = 2 } = track.audio ?? {};
  return { kind: "audio", codec: "mp3", codecName: "mp4a.6b", sampleRate, channels };
}

function privateDataOf({ number, codecId, codecPrivate }: Track): Uint8Array {
  if (codecPrivate !== undefined && 0 < codecPrivate.length) return codecPrivate;
  throw new CodecError("missing-codec-private-data", `Track ${number} (${codecId}) has no codec private data.`);
}

function sizeOf({ number, video }: Track): { width: number; height: number } {
  if (video !== undefined && 0 < video.width && 0 < video.height) return video;
  throw new CodecError("invalid-codec-private-data", `Track ${number} does not tell the size of its pictures.`);
}
