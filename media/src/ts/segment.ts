/**
 * A segment of MPEG-TS that stands alone: tables, then H.264 or H.265 and AAC in decoding order.
 *
 * Not here: state between segments. Counters begin at zero and say so by the discontinuity indicator.
 *
 * @see ISO/IEC 13818-1; RFC 8216, 3.2
 */
import { adtsHeaderSize, buildAdtsHeader, rawAacFrame } from "../codecs/aac.ts";
import type { AudioFormat, TrackFormat, VideoFormat } from "../codecs/describe-track.ts";
import { CodecError } from "../codecs/errors.ts";
import { frameUnits } from "../codecs/nal-units.ts";
import { delayedDecodeTimes, rescaled } from "../timing.ts";
import type { Frame } from "../track.ts";
import { buildPackets, type Payload, partsSize } from "./packets.ts";
import { buildAssociation, buildMap, pids } from "./tables.ts";

export type SegmentTrack = {
  format: TrackFormat;
  /** Of this track alone, in decoding order. */
  frames: readonly Frame[];
};

export type SegmentTiming = {
  /** Nanoseconds a tick. */
  timestampScale: number;
  /** Ticks added to every timestamp, to move the segment to the clock that players see. */
  timeOffset?: number;
};

/** In 90 kHz: how much later than they are all times are written, so that what precedes the first picture is not negative. */
export const clockLead = 900_000;

/** How long before its decode time a picture's first byte arrives, by the program clock. */
const bufferTime = 45_000;

/**
 * @param tracks each is listed, also without frames; the first that is video carries the clock, else the first
 * @throws CodecError "unsupported-codec" for other codecs; "invalid-frame"
 */
export function buildTsSegment(
  tracks: readonly SegmentTrack[],
  { timestampScale, timeOffset = 0 }: SegmentTiming,
): Uint8Array {
  const clock = rescaled(timestampScale, 90_000);
  const timeOf = (frame: Frame) => clock.fromTicks(frame.timestamp + timeOffset) + clockLead;
  const streams = tracks.map(({ format }, i) => ({ pid: pids.firstStream + i, streamType: streamTypeOf(format) }));
  const clockTrack = Math.max(
    0,
    tracks.findIndex(({ format }) => format.kind === "video"),
  );
  const payloads = tracks.flatMap(({ format, frames }, i) => {
    const pid = pids.firstStream + i;
    const timed = format.kind === "video" ? pictures(format, frames, pid, timeOf) : sounds(format, frames, pid, timeOf);
    if (timed[0]) timed[0].discontinuity = true;
    if (i === clockTrack) for (const payload of timed) payload.pcr = wrap(payload.time - bufferTime);
    return timed;
  });
  payloads.sort((a, b) => a.time - b.time);
  return buildPackets([
    { pid: pids.association, parts: [stuffed(buildAssociation())], discontinuity: true },
    { pid: pids.map, parts: [stuffed(buildMap(pids.firstStream + clockTrack, streams))], discontinuity: true },
    ...payloads,
  ]);
}

type Timed = Payload & { time: number };

function streamTypeOf({ codec }: TrackFormat): number {
  const types: Partial<Record<TrackFormat["codec"], number>> = { h264: 0x1b, h265: 0x24, aac: 0x0f };
  const type = types[codec];
  if (type === undefined) throw new CodecError("unsupported-codec", `MPEG-TS segments do not carry ${codec}.`);
  return type;
}

/** Sections are followed by ones, where PES packets are stuffed before their data. */
function stuffed(section: Uint8Array): Uint8Array {
  const padded = new Uint8Array(182).fill(0xff);
  padded.set(section);
  return padded;
}

const startCode = Uint8Array.of(0, 0, 0, 1);
const delimiters = { h264: Uint8Array.of(0, 0, 0, 1, 9, 0xf0), h265: Uint8Array.of(0, 0, 0, 1, 0x46, 1, 0x50) };

function pictures(
  format: VideoFormat,
  frames: readonly Frame[],
  pid: number,
  timeOf: (frame: Frame) => number,
): Timed[] {
  const presentation = frames.map(timeOf);
  const decode = delayedDecodeTimes(presentation, format.reorderFrames);
  return frames.map((frame, i) => {
    const data = accessUnit(format, frame);
    const time = decode[i]!;
    return {
      pid,
      time,
      randomAccess: frame.keyframe,
      parts: [pesHeader(0xe0, undefined, presentation[i]!, time), ...data],
    };
  });
}

/** A delimiter, before a key frame the parameter sets that it lacks, and the units, each after a start code. */
function accessUnit({ codec, nal }: VideoFormat, { data, keyframe }: Frame): Uint8Array[] {
  const units = [...frameUnits(data, nal!.lengthSize)].filter((unit) => !nal!.isDelimiter(unit));
  const withSets = keyframe && !units.some(nal!.isParameterSet) ? [...nal!.parameterSets, ...units] : units;
  return [delimiters[codec as keyof typeof delimiters], ...withSets.flatMap((unit) => [startCode, unit])];
}

/** Bytes after which a PES packet of sound takes no more frames: a frame alone would waste half its packets. */
const soundPacketSize = 2600;

/** Frames that follow one another share a PES packet, as their times follow from its first. */
function sounds(
  { aac }: AudioFormat,
  frames: readonly Frame[],
  pid: number,
  timeOf: (frame: Frame) => number,
): Timed[] {
  const frameTime = (90_000 * aac!.samplesPerFrame) / aac!.sampleRate;
  const jitter = 180;
  const groups: { time: number; count: number; size: number; parts: Uint8Array[] }[] = [];
  for (const frame of frames) {
    const time = timeOf(frame);
    const data = rawAacFrame(frame.data);
    const last = groups.at(-1);
    const follows = last !== undefined && Math.abs(time - (last.time + last.count * frameTime)) <= jitter;
    const group = follows && last.size < soundPacketSize ? last : { time, count: 0, size: 0, parts: [] };
    if (group !== last) groups.push(group);
    group.parts.push(buildAdtsHeader(aac!, data.length), data);
    group.size += adtsHeaderSize + data.length;
    group.count++;
  }
  return groups.map(({ time, parts }) => ({
    pid,
    time,
    randomAccess: true,
    parts: [pesHeader(0xc0, partsSize(parts), time), ...parts],
  }));
}

/** @param dataSize where it is told: a picture may be longer than its sixteen bits @see ISO/IEC 13818-1, 2.4.3.6 */
function pesHeader(streamId: number, dataSize: number | undefined, pts: number, dts = pts): Uint8Array {
  const both = dts !== pts;
  const times = both ? [...timeField(3, pts), ...timeField(1, dts)] : timeField(2, pts);
  const size = dataSize === undefined ? 0 : 3 + times.length + dataSize;
  const aligned = 0x84;
  return Uint8Array.of(0, 0, 1, streamId, size >> 8, size & 0xff, aligned, both ? 0xc0 : 0x80, times.length, ...times);
}

/** 33 bits among markers. */
function timeField(prefix: number, time: number): number[] {
  const wrapped = wrap(time);
  const high = Math.floor(wrapped / 2 ** 30);
  const low = wrapped % 2 ** 30;
  return [
    (prefix << 4) | (high << 1) | 1,
    low >> 22,
    ((low >> 14) & 0xfe) | 1,
    (low >> 7) & 0xff,
    ((low << 1) & 0xfe) | 1,
  ];
}

function wrap(time: number): number {
  return ((time % 2 ** 33) + 2 ** 33) % 2 ** 33;
}
