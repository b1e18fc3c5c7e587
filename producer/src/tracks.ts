/**
 * Frames as they come from encoders and cameras, made into what Matroska holds: NAL units after lengths, AAC without ADTS,
 * and what decoders must know of a track found in its frames.
 */
import { buildAudioSpecificConfig, parseAdtsHeader } from "@millrace/media/codecs/aac";
import { avcUnit, avcUnitType, buildAvcRecord, parseAvcSps } from "@millrace/media/codecs/avc";
import { buildHevcRecord, hevcUnit, hevcUnitType } from "@millrace/media/codecs/hevc";
import { parseHevcSps } from "@millrace/media/codecs/hevc-sps";
import {
  annexBUnits,
  beginsWithStartCode,
  isLengthPrefixed,
  lengthPrefixedParts,
} from "@millrace/media/codecs/nal-units";
import type { Track } from "@millrace/media/track";
import { ProducerError } from "./errors.ts";

export type { Track };

/** Codecs whose tracks mean nothing without CodecPrivate. */
const needPrivate: ReadonlySet<string> = new Set(["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC", "A_AAC", "A_MS/ACM"]);

export function isComplete(track: Track): boolean {
  return track.codecPrivate !== undefined || !needPrivate.has(track.codecId);
}

/** @throws ProducerError `InvalidTrack` for what Kinesis Video Streams takes from nobody */
export function checkTracks(tracks: readonly Track[]): void {
  if (tracks.length < 1 || 3 < tracks.length) {
    throw new ProducerError("InvalidTrack", `a stream has one to three tracks, not ${tracks.length}`);
  }
  if (new Set(tracks.map(({ number }) => number)).size < tracks.length) {
    throw new ProducerError("InvalidTrack", "two tracks have the same number");
  }
}

/**
 * A frame as Matroska holds it, and its track where the frame tells more of it than was known.
 *
 * @throws CodecError for a frame or parameter sets that are none of the codec's
 */
export function adaptFrame(track: Track, data: Uint8Array): { track: Track; parts: Uint8Array[] } {
  if (track.codecId === "A_AAC") return adaptAac(track, data);
  const config = nalConfigs[track.codecId];
  if (config === undefined || !beginsWithStartCode(data) || isLengthPrefixed(data, 4)) return { track, parts: [data] };
  const found = config([...annexBUnits(data)]);
  const isNew = found !== undefined && !sameBytes(found.codecPrivate, track.codecPrivate);
  return { track: isNew ? { ...track, ...found } : track, parts: lengthPrefixedParts(data, 4) };
}

type Found = { codecPrivate: Uint8Array; video: { width: number; height: number } };

/** By codec: parameter sets among the units of a frame; `undefined` where they are not all there. */
const nalConfigs: Readonly<Record<string, (units: readonly Uint8Array[]) => Found | undefined>> = {
  "V_MPEG4/ISO/AVC"(units) {
    const sps = units.filter((unit) => avcUnitType(unit) === avcUnit.sps);
    const pps = units.filter((unit) => avcUnitType(unit) === avcUnit.pps);
    if (sps[0] === undefined || pps[0] === undefined) return undefined;
    const { width, height } = parseAvcSps(sps[0]);
    return { codecPrivate: buildAvcRecord(sps, pps), video: { width, height } };
  },
  "V_MPEGH/ISO/HEVC"(units) {
    const ofType = (type: number) => units.filter((unit) => hevcUnitType(unit) === type);
    const [vps, sps, pps] = [ofType(hevcUnit.vps), ofType(hevcUnit.sps), ofType(hevcUnit.pps)];
    if (vps[0] === undefined || sps[0] === undefined || pps[0] === undefined) return undefined;
    const { width, height } = parseHevcSps(sps[0]).picture;
    return { codecPrivate: buildHevcRecord(vps, sps, pps), video: { width, height } };
  },
};

function adaptAac(track: Track, data: Uint8Array): { track: Track; parts: Uint8Array[] } {
  const header = parseAdtsHeader(data);
  if (header?.frameSize !== data.length) return { track, parts: [data] };
  const { objectType, sampleRate, channelConfiguration, headerSize } = header;
  const parts = [data.subarray(headerSize)];
  if (track.codecPrivate !== undefined) return { track, parts };
  const channels = channelConfiguration === 7 ? 8 : channelConfiguration;
  const codecPrivate = buildAudioSpecificConfig(sampleRate, channels, objectType);
  return { track: { ...track, codecPrivate, audio: { sampleRate, channels } }, parts };
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, at) => byte === b[at]);
}
