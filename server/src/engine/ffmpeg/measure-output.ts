/**
 * What really came out: looked at with ffprobe, not taken from the plan.
 */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildMediaPlaylist, type MediaSegment } from "@millrace/media/playlists/hls";
import { capture } from "./child.ts";
import type { EarlyLooks } from "./early-looks.ts";
import type { PlannedOutput } from "./plan-job.ts";
import {
  contentTypeOf,
  isSegmented,
  playlistContentType,
  scratchNames,
  segmentSuffix,
  thumbnailKey,
  transportOffset,
} from "./plan-output-files.ts";
import type { Probe } from "./probe.ts";
import { toNumber } from "./rational.ts";
import type { OutputResult, ProducedFile } from "./transcode.types.ts";

export type MeasuredSegment = { durationSeconds: number; sizeBytes: number };

/** `segments` and `media`: for the master playlists. */
export type Measured = {
  result: Extract<OutputResult, { files: unknown }>;
  media: Probe;
  segments?: readonly MeasuredSegment[];
};

/** `undefined`: FFmpeg ended well but made nothing that can be played. */
export async function measureOutput(
  planned: PlannedOutput,
  options: { scratchFolder: string; prefix: string; ffprobePath: string; signal: AbortSignal; looks: EarlyLooks },
): Promise<Measured | undefined> {
  const { output, picture, warning } = planned;
  const made = isSegmented(output) ? await measureSegments(planned, options) : await measureFile(planned, options);
  if (!made) return undefined;
  const { media, segments, fileSizeBytes, durationSeconds } = made;
  if (picture ? !media.video : media.audio.length === 0) return undefined;
  const files = [...made.files, ...(await listThumbnails(planned, options))];
  const result = {
    id: output.id,
    files,
    durationMillis: Math.round(durationSeconds * 1000),
    fileSizeBytes,
    ...(media.video && {
      width: media.video.width,
      height: media.video.height,
      frameRate: toNumber(picture?.frameRate ?? media.video.frameRate).toFixed(2),
    }),
    ...(picture?.colour.conversion && { appliedColorSpaceConversion: picture.colour.conversion }),
    ...(warning && { warning }),
  };
  return { result, media, ...(segments && { segments }) };
}

type Made = {
  media: Probe;
  files: ProducedFile[];
  fileSizeBytes: number;
  durationSeconds: number;
  segments?: MeasuredSegment[];
};
type Options = Parameters<typeof measureOutput>[1];

async function measureFile(planned: PlannedOutput, options: Options): Promise<Made | undefined> {
  const { output } = planned;
  const files = await listMedia(planned, options);
  const { path } = files[0]!;
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  const media = size > 0 ? await options.looks.probe(output.id, path) : undefined;
  if (!media || "failure" in media) return undefined;
  return {
    media,
    files,
    fileSizeBytes: output.storedSize?.(size) ?? size,
    durationSeconds: (await lastTimestamp(path, media, output.preset.Container, options)) ?? media.durationSeconds ?? 0,
  };
}

/** MPEG streams have no header that tells their length, and ffprobe's guess leaves out what the last packet holds. */
async function lastTimestamp(
  path: string,
  media: Probe,
  container: string,
  options: Options,
): Promise<number | undefined> {
  if (container !== "ts" && container !== "mpg") return undefined;
  const tail = Math.max(0, (media.durationSeconds ?? 0) - 10);
  const entries = "format=start_time:packet=pts_time,duration_time";
  const args = ["-v", "error", "-read_intervals", `${tail}%`, "-show_entries", entries, "-of", "json", `file:${path}`];
  const { stdout, exitCode } = await capture(options.ffprobePath, args, { signal: options.signal, timeoutMs: 60_000 });
  if (exitCode !== 0) return undefined;
  const { format, packets = [] } = JSON.parse(stdout) as {
    format?: { start_time?: string };
    packets?: { pts_time?: string; duration_time?: string }[];
  };
  const ends = packets.map(({ pts_time, duration_time = "0" }) => Number(pts_time) + Number(duration_time));
  const last = Math.max(...ends.filter(Number.isFinite)) - Number(format?.start_time ?? 0);
  return Number.isFinite(last) && last > 0 ? last : undefined;
}

async function measureSegments(planned: PlannedOutput, options: Options): Promise<Made | undefined> {
  const { output } = planned;
  const list = await readSegmentList(output.id, options.scratchFolder);
  const first = list[0];
  const media = first && (await options.looks.probe(output.id, first.path));
  if (!media || "failure" in media) return undefined;
  // The list counts from the first packet to be decoded; the first to be shown comes some B-frames later.
  const late = (media.video?.startSeconds ?? transportOffset) - transportOffset;
  if (0 < late && late < first.durationSeconds) first.durationSeconds -= late;
  const segments: MeasuredSegment[] = [];
  const entries: MediaSegment[] = [];
  const files = await listMedia(planned, options);
  for (const [number, { path, durationSeconds }] of list.entries()) {
    const { size } = await stat(path);
    segments.push({ durationSeconds, sizeBytes: output.storedSize?.(size) ?? size });
    const { key } = files[number]!;
    entries.push({ uri: key.slice(key.lastIndexOf("/") + 1), durationSeconds });
  }
  const path = join(options.scratchFolder, scratchNames(output.id).playlist);
  await writeFile(path, buildMediaPlaylist(entries, output.contentKey));
  // Last, so that who sees the playlist finds its segments.
  const key = `${options.prefix}${output.key}.m3u8`;
  files.push({ path, key, kind: "playlist", outputId: output.id, contentType: playlistContentType });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    media,
    files,
    segments,
    fileSizeBytes: sum(segments.map((segment) => segment.sizeBytes)),
    durationSeconds: sum(segments.map((segment) => segment.durationSeconds)),
  };
}

/** The segments that are complete by now, or the one file that is complete when FFmpeg has ended. */
export async function listMedia(
  { output, picture }: PlannedOutput,
  { scratchFolder, prefix }: { scratchFolder: string; prefix: string },
): Promise<ProducedFile[]> {
  const contentType = contentTypeOf(output.preset.Container, picture !== undefined);
  const file = (path: string, suffix = "") => {
    return { path, key: prefix + output.key + suffix, kind: "media" as const, outputId: output.id, contentType };
  };
  if (!isSegmented(output)) return [file(join(scratchFolder, scratchNames(output.id).media))];
  const list = await readSegmentList(output.id, scratchFolder);
  return list.map(({ path }, number) => file(path, segmentSuffix(number)));
}

/** FFmpeg adds a line when a segment is complete, so this may be asked while it works. */
export async function readSegmentList(
  outputId: string,
  scratchFolder: string,
): Promise<{ path: string; durationSeconds: number }[]> {
  const { folder, segmentList } = scratchNames(outputId);
  const csv = await readFile(join(scratchFolder, segmentList), "utf8").catch(() => "");
  return parseSegmentList(csv).map(({ name, durationSeconds }) => ({
    path: join(scratchFolder, folder, name),
    durationSeconds,
  }));
}

/** `name,start,end` in seconds, a line for each segment. */
export function parseSegmentList(csv: string): { name: string; durationSeconds: number }[] {
  return csv.split("\n").flatMap((line) => {
    const match = /^(segment\d+\.ts),([\d.]+),([\d.]+)$/.exec(line.trim());
    return match ? [{ name: match[1]!, durationSeconds: Math.max(0, Number(match[3]) - Number(match[2])) }] : [];
  });
}

async function listThumbnails({ output, thumbnails }: PlannedOutput, options: Options): Promise<ProducedFile[]> {
  if (!thumbnails || !output.thumbnailPattern) return [];
  const { format, size } = thumbnails;
  const folder = join(options.scratchFolder, scratchNames(output.id).folder);
  const counts = (await readdir(folder)).flatMap((name) => /^thumbnail-(\d+)\./.exec(name)?.[1] ?? []).map(Number);
  return counts
    .sort((a, b) => a - b)
    .map((count) => ({
      path: join(
        options.scratchFolder,
        scratchNames(output.id).thumbnails(format).replace("%05d", String(count).padStart(5, "0")),
      ),
      key: options.prefix + thumbnailKey(output.thumbnailPattern!, count, size, format),
      kind: "thumbnail" as const,
      outputId: output.id,
      contentType: format === "jpg" ? "image/jpeg" : "image/png",
    }));
}
