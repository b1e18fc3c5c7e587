/**
 * SimpleBlocks and Blocks: what stands before their frames (track, time, flags and lace), and the frames of a lace.
 *
 * @see RFC 9559, 10.1 to 10.3
 */
import { vintLength, vintValue } from "./ebml.ts";
import type { FrameEvent } from "./events.ts";
import { type Lace, laced, parseLace } from "./lacing.ts";
import { MatroskaError } from "./matroska-error.ts";

export const blockFlags = { keyframe: 0x80, invisible: 0x08, lacing: 0x06, discardable: 0x01 } as const;

export type BlockHead = {
  track: number;
  /** Ticks since the timestamp of the cluster. */
  relativeTimestamp: number;
  /** `keyframe` and `discardable` mean nothing in a Block. */
  flags: number;
  /** Bytes before the first frame. */
  length: number;
  /** The sizes of the frames, where there may be several. */
  sizes?: readonly number[];
};

/**
 * Reads the head of a block of `length` bytes at `bytes[at]`, of which `bytes[at, to)` has come.
 * `undefined`: more must come first.
 *
 * @throws MatroskaError with an offset into `bytes`
 */
export function parseBlockHead(bytes: Uint8Array, at: number, to: number, length: number): BlockHead | undefined {
  if (length === 0) throw tooShort(at);
  if (to === at) return undefined;
  const trackLength = vintLength(bytes[at]!);
  const headLength = trackLength + 3;
  if (8 < trackLength || length < headLength) throw tooShort(at);
  if (to - at < headLength) return undefined;

  const track = vintValue(bytes, at, trackLength);
  if (track < 1 || Number.MAX_SAFE_INTEGER < track) {
    throw new MatroskaError("invalid", at, "a block without a track number");
  }
  const timeAt = at + trackLength;
  const relativeTimestamp = (((bytes[timeAt]! << 8) | bytes[timeAt + 1]!) << 16) >> 16;
  const flags = bytes[timeAt + 2]!;
  const head: BlockHead = { track, relativeTimestamp, flags, length: headLength };
  const lacing = flags & blockFlags.lacing;
  if (lacing === laced.none) return head;
  const lace: Lace | undefined = parseLace(bytes, at + headLength, to, length - headLength, lacing);
  return lace && { ...head, length: headLength + lace.headLength, sizes: lace.sizes };
}

/** The container times only the first frame of a lace; the others follow `ticks` after each other. */
export function framesOfLace(first: FrameEvent, sizes: readonly number[], ticks: number): FrameEvent[] {
  let dataEnd = first.dataStart;
  return sizes.map((size, index) => {
    const dataStart = dataEnd;
    dataEnd += size;
    return { ...first, timestamp: first.timestamp + Math.round(index * ticks), dataStart, dataEnd };
  });
}

/** Gives each frame of a block its part of the block's duration. */
export function shareDuration(frames: readonly FrameEvent[], duration: number): void {
  const { timestamp } = frames[0]!;
  const share = duration / frames.length;
  for (const [index, frame] of frames.entries()) {
    frame.timestamp = timestamp + Math.round(index * share);
    frame.duration = share;
  }
}

function tooShort(at: number): MatroskaError {
  return new MatroskaError("invalid", at, "a block too short for its head");
}
