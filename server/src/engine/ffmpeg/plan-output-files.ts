/**
 * Which files an output becomes: names while they are made, keys when they are done, and the container's settings.
 */
import type { TranscodeOutput, TranscodeRequest } from "./transcode.types.ts";

/** True when the output is written as segments with a media playlist. */
export function isSegmented({ preset, segmentDuration }: Pick<TranscodeOutput, "preset" | "segmentDuration">): boolean {
  return preset.Container === "ts" && segmentDuration !== undefined;
}

/** The key whose existence means that the output is there already (3002): the first file that would be written. */
export function firstKeyOf(
  output: Pick<TranscodeOutput, "key" | "preset" | "segmentDuration">,
  _playlists: TranscodeRequest["playlists"],
  prefix: string,
): string {
  return isSegmented(output) ? `${prefix}${output.key}${segmentSuffix(0)}` : `${prefix}${output.key}`;
}

/** What is appended to an output's key for the key of its segments. */
export const keySuffix = ".key";

/** What is appended to a key for one segment: `00000.ts`. */
export function segmentSuffix(number: number): string {
  return `${String(number).padStart(5, "0")}.ts`;
}

/** Expands `{count}` and `{resolution}`; thumbnails count from 1. */
export function thumbnailKey(
  pattern: string,
  count: number,
  size: { width: number; height: number },
  format: string,
): string {
  const expanded = pattern
    .replaceAll("{count}", String(count).padStart(5, "0"))
    .replaceAll("{resolution}", `${size.width}x${size.height}`);
  return `${expanded}.${format}`;
}

/** Paths below the scratch folder, by output: nobody's key becomes a path. */
export function scratchNames(outputId: string) {
  const folder = `output-${outputId.replace(/[^0-9A-Za-z]/g, "_")}`;
  return {
    folder,
    media: `${folder}/media`,
    segments: `${folder}/segment%05d.ts`,
    segmentList: `${folder}/segments.csv`,
    playlist: `${folder}/playlist.m3u8`,
    thumbnails: (format: string) => `${folder}/thumbnail-%05d.${format}`,
  };
}

/** ffmpeg's muxer and its options for a whole file. */
export function muxerArguments(
  container: string,
  options: { hasVideo: boolean; hasFreeMetadata: boolean; loopCount?: string; segmentDuration?: number },
): string[] | undefined {
  switch (container) {
    case "mp4":
      return ["-f", "mp4", "-movflags", `+faststart${options.hasFreeMetadata ? "+use_metadata_tags" : ""}`];
    case "fmp4": {
      // One file: init, index, then fragments that begin with a key frame; sound alone has only key frames.
      const cut = options.hasVideo ? "frag_keyframe+" : "";
      const length = options.hasVideo ? [] : ["-frag_duration", `${Math.round((options.segmentDuration ?? 2) * 1e6)}`];
      return ["-f", "mp4", "-movflags", `+${cut}empty_moov+default_base_moof+dash+global_sidx`, ...length];
    }
    case "ts":
      return ["-f", "mpegts"];
    case "webm":
      return ["-f", "webm"];
    case "flv":
      return ["-f", "flv"];
    case "mpg":
      return ["-f", "vob"];
    case "mxf":
      return ["-f", "mxf"];
    case "gif": {
      const { loopCount = "Infinite" } = options;
      // FFmpeg: -1 plays once, 0 for ever, n repeats n times.
      return ["-f", "gif", "-loop", loopCount === "Infinite" ? "0" : loopCount === "0" ? "-1" : loopCount];
    }
    case "mp3":
      return ["-f", "mp3"];
    case "mp2":
      return ["-f", "mp2"];
    case "flac":
      return ["-f", "flac"];
    case "ogg":
    case "oga":
      return ["-f", "ogg"];
    case "wav":
      return ["-f", "wav"];
    default:
      return undefined;
  }
}

/** Seconds that a transport stream's time stamps begin after zero: twice FFmpeg's multiplexing delay. */
export const transportOffset = 1.4;

export function segmenterArguments(names: ReturnType<typeof scratchNames>, segmentDuration: number): string[] {
  return [
    ...["-f", "segment", "-segment_format", "mpegts", "-segment_time", `${segmentDuration}`],
    ...["-muxdelay", `${transportOffset / 2}`],
    ...["-segment_list", names.segmentList, "-segment_list_type", "csv", "-segment_list_size", "0"],
  ];
}

const contentTypes: Record<string, [video: string, audio: string]> = {
  mp4: ["video/mp4", "audio/mp4"],
  fmp4: ["video/mp4", "audio/mp4"],
  ts: ["video/mp2t", "video/mp2t"],
  webm: ["video/webm", "audio/webm"],
  flv: ["video/x-flv", "video/x-flv"],
  mpg: ["video/mpeg", "video/mpeg"],
  mxf: ["application/mxf", "application/mxf"],
  gif: ["image/gif", "image/gif"],
  mp3: ["audio/mpeg", "audio/mpeg"],
  mp2: ["audio/mpeg", "audio/mpeg"],
  flac: ["audio/flac", "audio/flac"],
  ogg: ["audio/ogg", "audio/ogg"],
  oga: ["audio/ogg", "audio/ogg"],
  wav: ["audio/wav", "audio/wav"],
};

export function contentTypeOf(container: string, hasVideo: boolean): string {
  return contentTypes[container]?.[hasVideo ? 0 : 1] ?? "application/octet-stream";
}

export const playlistContentType = "application/vnd.apple.mpegurl";
