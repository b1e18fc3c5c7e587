/** Frames as samples: their bytes in parts, and how long each is shown. */
import { rawAacFrame } from "../codecs/aac.ts";
import type { TrackFormat } from "../codecs/describe-track.ts";
import { lengthPrefixedParts } from "../codecs/nal-units.ts";
import { opusPacketSamples } from "../codecs/opus.ts";
import type { Timescale } from "../timing.ts";
import type { Frame } from "../track.ts";

/**
 * Appends a frame's bytes to `parts`: views of the frame, and lengths where start codes stood. Nothing is copied.
 *
 * @returns the size of the sample
 * @throws CodecError "invalid-frame"
 */
export function appendSample(parts: Uint8Array[], data: Uint8Array, format: TrackFormat): number {
  if (format.kind === "video" && format.nal !== undefined) {
    let size = 0;
    for (const part of lengthPrefixedParts(data, format.nal.lengthSize)) {
      parts.push(part);
      size += part.length;
    }
    return size;
  }
  const sample = format.codec === "aac" ? rawAacFrame(data) : data;
  parts.push(sample);
  return sample.length;
}

export type LastFrame = {
  frame: Frame;
  format: TrackFormat;
  /** Nanoseconds. */
  defaultDuration?: number;
  /** Units since the decode time of the frame before. */
  lastDelta?: number;
};

/**
 * How long the last frame lasts when nothing is known to follow it, in units of the timescale: as its container says
 * (the frame, then the track), else as its codec says, else as long as the frame before it.
 */
export function lastDuration({ frame, format, defaultDuration, lastDelta }: LastFrame, clock: Timescale): number {
  if (frame.duration !== undefined && 0 < frame.duration) return clock.fromTicks(frame.duration);
  const seconds = defaultDuration ? defaultDuration / 1e9 : secondsByCodec(frame.data, format);
  if (seconds !== undefined && 0 < seconds) return Math.round(seconds * clock.timescale);
  return lastDelta ?? 0;
}

function secondsByCodec(data: Uint8Array, format: TrackFormat): number | undefined {
  if (format.kind === "video") return undefined;
  switch (format.codec) {
    case "aac":
      return format.aac && format.aac.samplesPerFrame / format.sampleRate;
    case "opus":
      return opusPacketSamples(data) / 48_000;
    case "alaw":
    case "mulaw":
      return data.length / format.channels / format.sampleRate;
    default:
      return undefined;
  }
}

/** Of `trun` and `trex`: a key frame depends on no other, all others are no points to begin at. */
export const sampleFlags = { key: 0x0200_0000, other: 0x0101_0000 } as const;
