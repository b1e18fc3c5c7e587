/**
 * Whether a video is really interlaced, and which field comes first. Flags lie both ways: progressive pictures in
 * interlaced streams must not be blurred, and fields shown in the wrong order jump back and forth.
 */
import { capture } from "./child.ts";
import { inputName, mediaArguments } from "./input-arguments.ts";
import type { VideoStream } from "./probe.ts";

export type FieldCounts = { top: number; bottom: number; progressive: number; undetermined: number };

export type Interlacing = { isInterlaced: boolean; fieldOrder: VideoStream["fieldOrder"] };

/** Flagged video is interlaced unless its pictures say otherwise; unflagged video only if they plainly say so. */
export function judgeFields(flag: VideoStream["fieldOrder"], counts: FieldCounts | undefined): Interlacing {
  const isFlagged = flag === "top" || flag === "bottom";
  if (!counts) return { isInterlaced: isFlagged, fieldOrder: flag };
  const { top, bottom, progressive } = counts;
  const combed = top + bottom;
  const isInterlaced = isFlagged
    ? combed + progressive === 0 || progressive < 2 * combed
    : combed >= 10 && combed > 4 * progressive;
  if (!isInterlaced) return { isInterlaced, fieldOrder: "progressive" };
  // Still pictures show no order; moving ones show it better than the flag does.
  return { isInterlaced, fieldOrder: top > 2 * bottom ? "top" : bottom > 2 * top ? "bottom" : flag };
}

/** Codecs of tape and studio, whose files often do not say. */
const oftenUnflagged = [
  "mpeg2video",
  "dvvideo",
  "prores",
  "dnxhd",
  "mjpeg",
  "rawvideo",
  "v210",
  "huffyuv",
  "ffvhuff",
  "ffv1",
];

/** `setting` is the job's: auto, true or false. Looks at the first 200 pictures, only when there is a doubt. */
export async function decideInterlacing(
  url: string,
  video: VideoStream,
  setting: string | null | undefined,
  options: { ffmpegPath: string; signal: AbortSignal; onLog(line: string): void },
): Promise<Interlacing> {
  const { fieldOrder, codec } = video;
  if (setting === "false") return { isInterlaced: false, fieldOrder: "progressive" };
  const isDoubtful = fieldOrder === "unknown" ? oftenUnflagged.includes(codec) : fieldOrder !== "progressive";
  if (!isDoubtful && setting !== "true") return { isInterlaced: false, fieldOrder };
  const { stderr } = await capture(
    options.ffmpegPath,
    [
      ...["-hide_banner", "-nostdin", "-nostats", ...mediaArguments(url), "-i", inputName(url)],
      ...["-map", `0:${video.index}`, "-vf", "idet", "-frames:v", "200", "-f", "null", "-"],
    ],
    { signal: options.signal, timeoutMs: 60_000 },
  );
  const counts = parseFieldCounts(stderr);
  const judged = judgeFields(fieldOrder, counts);
  const decision = setting === "true" ? { ...judged, isInterlaced: true } : judged;
  const said = counts ? Object.entries(counts).map((entry) => entry.join(" ")) : ["could not be counted"];
  const taken = decision.isInterlaced ? `interlaced, ${decision.fieldOrder} field first` : "progressive";
  options.onLog(`fields: flagged ${fieldOrder}, pictures: ${said.join(", ")}: taken as ${taken}`);
  return decision;
}

/** The last summary of FFmpeg's idet filter. */
export function parseFieldCounts(log: string): FieldCounts | undefined {
  const pattern = /Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+) Undetermined: *(\d+)/g;
  const [, top, bottom, progressive, undetermined] = [...log.matchAll(pattern)].at(-1) ?? [];
  if (undetermined === undefined) return undefined;
  return {
    top: Number(top),
    bottom: Number(bottom),
    progressive: Number(progressive),
    undetermined: Number(undetermined),
  };
}
