/**
 * What producers send, made for tests: documents as the C producer lays them out, with frames whose bytes say which they are.
 */
import {
  buildClusterStart,
  buildHeader,
  buildSimpleBlockStart,
  buildTags,
  type HeaderOptions,
} from "@millrace/media/matroska/writer";
import type { Track } from "@millrace/media/track";

export const video: Track = {
  number: 1,
  kind: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: new Uint8Array(30).fill(7),
  video: { width: 320, height: 240 },
};
export const audio: Track = {
  number: 2,
  kind: "audio",
  codecId: "A_AAC",
  codecPrivate: Uint8Array.of(0x11, 0x90),
  audio: { sampleRate: 48_000, channels: 2 },
};

export function header(tracks: readonly Track[] = [video], options: Partial<HeaderOptions> = {}): Buffer {
  return Buffer.from(buildHeader({ tracks, ...options }));
}

export type ClusterOptions = { tracks?: readonly number[]; frames?: number; step?: number; sizeBytes?: number };

/** Of unknown size; `frames` of each track, `step` ticks apart. */
export function cluster(timecode: number, options: ClusterOptions = {}): Buffer {
  const { tracks = [1], frames = 3, step = 40, sizeBytes = 100 } = options;
  const parts = [buildClusterStart(timecode, 0)];
  for (let frame = 0; frame < frames; frame++) {
    for (const track of tracks) parts.push(block(track, frame * step, sizeBytes, timecode + frame));
  }
  return Buffer.concat(parts);
}

/** A SimpleBlock, its frame filled with a byte of `seed`. */
export function block(track: number, relativeTimestamp: number, sizeBytes = 100, seed = 0): Buffer {
  const start = buildSimpleBlockStart({ track, relativeTimestamp, keyframe: relativeTimestamp === 0, sizeBytes });
  return Buffer.concat([start, new Uint8Array(sizeBytes).fill(seed)]);
}

export function tags(pairs: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(buildTags(Object.entries(pairs).map(([name, value]) => ({ name, value }))));
}

/** As the C producer pauses. */
export const endOfFragment = tags({ AWS_KINESISVIDEO_END_OF_FRAGMENT: "" });
