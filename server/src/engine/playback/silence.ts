/**
 * Sound for where there is none: a player that has begun with pictures and sound stops where one of them is missing.
 */
import type { AudioFormat } from "@millrace/media/codecs/describe-track";
import type { Frame } from "@millrace/media/track";

/** Raw AAC-LC frames that decode to silence, as FFmpeg writes them, by the number of channels. */
const silentFrames: Readonly<Record<number, Uint8Array>> = {
  1: Uint8Array.of(0x01, 0x18, 0x20, 0x07),
  2: Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c),
};

export function canBeSilent({ codec, codecName, channels }: AudioFormat): boolean {
  return codec === "aac" && codecName === "mp4a.40.2" && channels in silentFrames;
}

/** Frames for `[from, to)`, in ticks. */
export function buildSilence(
  { aac, channels }: AudioFormat,
  from: number,
  to: number,
  timestampScale: number,
): Frame[] {
  const data = silentFrames[channels]!;
  const ticks = (aac!.samplesPerFrame / aac!.sampleRate) * (1e9 / timestampScale);
  const count = Math.max(1, Math.round((to - from) / ticks));
  return Array.from({ length: count }, (_, n) => ({
    track: 0,
    timestamp: Math.round(from + n * ticks),
    keyframe: true,
    data,
  }));
}
