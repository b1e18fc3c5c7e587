/**
 * The part of the input that an output is made of.
 */
import type { TimeSpan } from "../../storage/records/job-document.ts";
import type { Failure } from "./transcode.types.ts";

/** In seconds of the input. `lengthSeconds` `undefined`: to the end. */
export type Clip = { startSeconds: number; lengthSeconds?: number };

/** `HH:mm:ss.SSS` with its front parts optional, or `sssss.SSS`. `undefined`: neither. */
export function parseTime(text: string | null | undefined): number | undefined {
  const match = /^(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,5}(?:\.\d{0,3})?)$/.exec(text ?? "");
  if (!match) return undefined;
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3]);
}

export function parseClip(span: TimeSpan | null | undefined): Clip {
  const lengthSeconds = parseTime(span?.Duration);
  return { startSeconds: parseTime(span?.StartTime) ?? 0, ...(lengthSeconds && { lengthSeconds }) };
}

/** What the input's length says about the clip; nothing when that is unknown. */
export function checkClip(clip: Clip, inputSeconds: number | undefined): { failure?: Failure; warning?: string } {
  if (inputSeconds === undefined) return {};
  if (clip.startSeconds > 0 && inputSeconds <= clip.startSeconds) {
    return { failure: { code: 4014, sentence: "The starting time of the clip is after the end of the input file." } };
  }
  // Containers round their durations: half a frame is no overrun.
  if (clip.lengthSeconds !== undefined && inputSeconds + 0.02 < clip.startSeconds + clip.lengthSeconds) {
    return {
      warning:
        "The starting time plus the duration of a clip exceeded the length of the input file. " +
        "Amazon Elastic Transcoder created an output file that is shorter than the specified duration.",
    };
  }
  return {};
}

/** Formats without an index: FFmpeg may land behind the key frame that is needed, or not find the way at all. */
const headStarts: Record<string, number> = {
  __proto__: null as never,
  mpegts: 15,
  mpeg: 15,
  mpegvideo: Number.POSITIVE_INFINITY,
  m4v: Number.POSITIVE_INFINITY,
  h264: Number.POSITIVE_INFINITY,
  hevc: Number.POSITIVE_INFINITY,
};

/** Where to begin reading, and how many seconds of what is decoded then come before the clip. */
export function planSeek({ startSeconds }: Clip, container: string): { seekSeconds: number; leadSeconds: number } {
  const leadSeconds = Math.min(startSeconds, headStarts[container] ?? 0);
  return { seekSeconds: Math.round((startSeconds - leadSeconds) * 1e6) / 1e6, leadSeconds };
}

/** How long the output will be, as far as is known. */
export function clipSeconds(clip: Clip, inputSeconds: number | undefined): number | undefined {
  const rest = inputSeconds === undefined ? undefined : Math.max(0, inputSeconds - clip.startSeconds);
  return rest === undefined ? clip.lengthSeconds : Math.min(rest, clip.lengthSeconds ?? rest);
}
