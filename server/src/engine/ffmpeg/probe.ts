/**
 * What is in a media file, as ffprobe sees it, in the terms that planning needs.
 */
import { capture } from "./child.ts";
import { inputName, mediaArguments } from "./input-arguments.ts";
import { one, parseRational, type Rational, rational, toNumber } from "./rational.ts";
import type { Failure } from "./transcode.types.ts";

export type Probe = {
  /** ffprobe's name of the format, such as `mov,mp4,m4a,3gp,3g2,mj2`. */
  container: string;
  /** `undefined`: the file does not say. */
  durationSeconds?: number;
  /** The shown picture; cover art and chapter pictures do not count. */
  video?: VideoStream;
  audio: readonly AudioStream[];
};

export type VideoStream = {
  index: number;
  codec: string;
  profile?: string;
  /** As coded: 31 is 3.1. */
  level?: number;
  referenceFrames?: number;
  width: number;
  height: number;
  /** Width to height of a pixel. */
  sampleAspect: Rational;
  /** Degrees clockwise that the file asks to be turned by before showing. */
  rotation: 0 | 90 | 180 | 270;
  fieldOrder: "progressive" | "top" | "bottom" | "unknown";
  frameRate: Rational;
  isVariableRate: boolean;
  pixelFormat: string;
  isFullRange: boolean;
  matrix?: string;
  primaries?: string;
  transfer?: string;
  startSeconds?: number;
  durationSeconds?: number;
  bitRate?: number;
};

export type AudioStream = {
  index: number;
  codec: string;
  profile?: string;
  channels: number;
  sampleRate: number;
  bitsPerSample?: number;
  /** How long after the file's first moment the sound begins. */
  lateSeconds: number;
  durationSeconds?: number;
  bitRate?: number;
};

/** Beyond this no frame is decoded: 4001. */
const maxPixels = 8192 * 8192;

export type ProbeOptions = { ffprobePath?: string; signal?: AbortSignal; timeoutMs?: number; inBackground?: boolean };

/** Answers a failure for a file that cannot be used; throws only when ffprobe itself cannot run, or on the signal. */
export async function probe(url: string, options: ProbeOptions = {}): Promise<Probe | { failure: Failure }> {
  const args = ["-v", "error", ...mediaArguments(url), "-show_format", "-show_streams", "-of", "json", inputName(url)];
  const { ffprobePath = "ffprobe", timeoutMs = 60_000, ...rest } = options;
  const { exitCode, stdout, stderr, endedBy } = await capture(ffprobePath, args, { timeoutMs, ...rest });
  if (endedBy === "time") return failure(4000, "The media file could not be interpreted in time.");
  if (endedBy !== undefined) return failure(4000, couldNotInterpret);
  if (exitCode !== 0) {
    return /not on whitelist/i.test(stderr)
      ? failure(4006, "The format of the media file is recognised but cannot be transcoded.")
      : failure(4000, couldNotInterpret);
  }
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch {
    return failure(4000, couldNotInterpret);
  }
  return parseProbe(document as FfprobeDocument);
}

const couldNotInterpret = "Amazon Elastic Transcoder could not interpret the media file.";

/** ffprobe's JSON, as far as we read it. Numbers that do not fit a double come as text. */
export type FfprobeDocument = {
  format?: { format_name?: string; duration?: string; start_time?: string };
  streams?: FfprobeStream[];
};

type FfprobeStream = Partial<
  Record<
    | "codec_type"
    | "codec_name"
    | "profile"
    | "sample_aspect_ratio"
    | "field_order"
    | "r_frame_rate"
    | "avg_frame_rate"
    | "pix_fmt"
    | "color_range"
    | "color_space"
    | "color_primaries"
    | "color_transfer"
    | "sample_rate"
    | "start_time"
    | "duration"
    | "bit_rate"
    | "bits_per_raw_sample",
    string
  >
> & {
  index?: number;
  width?: number;
  height?: number;
  level?: number;
  refs?: number;
  channels?: number;
  bits_per_sample?: number;
  disposition?: Record<string, number>;
  tags?: Record<string, string>;
  side_data_list?: { side_data_type?: string; rotation?: number }[];
};

export function parseProbe(document: FfprobeDocument): Probe | { failure: Failure } {
  const streams = Array.isArray(document.streams) ? document.streams : [];
  const pictures = streams.filter((stream) => stream.codec_type === "video" && !isStill(stream));
  const sounds = streams.filter((stream) => stream.codec_type === "audio");
  const usablePictures = pictures.filter((stream) => isKnown(stream.codec_name) && stream.width && stream.height);
  const usableSounds = sounds.filter(
    (stream) => isKnown(stream.codec_name) && stream.channels && Number(stream.sample_rate),
  );
  if (pictures.length > 0 && usablePictures.length === 0) {
    return failure(4006, `The video codec of the media file (${codecOf(pictures)}) cannot be decoded.`);
  }
  if (pictures.length === 0 && sounds.length > 0 && usableSounds.length === 0) {
    return failure(4006, `The audio codec of the media file (${codecOf(sounds)}) cannot be decoded.`);
  }
  if (pictures.length === 0 && sounds.length === 0) return failure(4000, couldNotInterpret);
  const shown = usablePictures.find((stream) => stream.disposition?.default === 1) ?? usablePictures[0];
  if (shown && maxPixels < shown.width! * shown.height!) {
    return failure(4001, `The frame size of the media file is above the maximum: ${shown.width}x${shown.height}.`);
  }
  // The default track first, the others in their order.
  const audio = usableSounds
    .map((stream) => parseAudio(stream, document.format?.start_time))
    .sort((a, b) => defaultOf(streams, b.index) - defaultOf(streams, a.index) || a.index - b.index);
  const video = shown && parseVideo(shown);
  return {
    container: document.format?.format_name ?? "unknown",
    durationSeconds: durationOf(document, video, audio),
    ...(video && { video }),
    audio,
  };
}

function parseVideo(stream: FfprobeStream): VideoStream {
  const average = parseRational(stream.avg_frame_rate);
  const base = parseRational(stream.r_frame_rate);
  // The base rate of a file without steady timestamps is its clock's tick, in the thousands.
  const isBasePlausible = base !== undefined && toNumber(base) <= 300;
  const isSteady = isBasePlausible && (!average || Math.abs(toNumber(base) / toNumber(average) - 1) <= 0.01);
  // An average is cut by the last frame's duration; the base rate of a steady stream is the exact one.
  const frameRate = (isSteady ? base : average) ?? { num: 25, den: 1 };
  return {
    index: stream.index ?? 0,
    codec: stream.codec_name!,
    profile: stream.profile,
    level: stream.level !== undefined && stream.level > 0 ? stream.level : undefined,
    referenceFrames: stream.refs,
    width: stream.width!,
    height: stream.height!,
    sampleAspect: plausibleAspect(parseRational(stream.sample_aspect_ratio)),
    rotation: rotationOf(stream),
    fieldOrder: fieldOrders[stream.field_order ?? ""] ?? "unknown",
    frameRate: toNumber(frameRate) <= 300 ? frameRate : { num: 60, den: 1 },
    isVariableRate: !isSteady,
    pixelFormat: stream.pix_fmt ?? "unknown",
    isFullRange: stream.color_range === "pc" || (stream.pix_fmt ?? "").startsWith("yuvj"),
    matrix: named(stream.color_space),
    primaries: named(stream.color_primaries),
    transfer: named(stream.color_transfer),
    startSeconds: positive(stream.start_time),
    durationSeconds: positive(stream.duration),
    bitRate: positive(stream.bit_rate),
  };
}

function parseAudio(stream: FfprobeStream, fileStart: string | undefined): AudioStream {
  return {
    index: stream.index ?? 0,
    codec: stream.codec_name!,
    profile: stream.profile,
    channels: stream.channels!,
    sampleRate: Number(stream.sample_rate),
    bitsPerSample: positive(stream.bits_per_raw_sample) ?? (stream.bits_per_sample || undefined),
    lateSeconds: positive(`${Number(stream.start_time) - Number(fileStart)}`) ?? 0,
    durationSeconds: positive(stream.duration),
    bitRate: positive(stream.bit_rate),
  };
}

/** Names give the stored order first, then the shown one. */
const fieldOrders: Record<string, VideoStream["fieldOrder"]> = {
  __proto__: null as never,
  progressive: "progressive",
  tt: "top",
  bt: "top",
  bb: "bottom",
  tb: "bottom",
};

function rotationOf(stream: FfprobeStream): VideoStream["rotation"] {
  const matrix = stream.side_data_list?.find((data) => data.side_data_type === "Display Matrix");
  // A display matrix counts counterclockwise, the older tag clockwise.
  const clockwise = matrix ? -(matrix.rotation ?? 0) : Number(stream.tags?.rotate ?? 0);
  const quarters = Math.round(clockwise / 90);
  return (((((Number.isFinite(quarters) ? quarters : 0) % 4) + 4) % 4) * 90) as VideoStream["rotation"];
}

/** Broken headers claim pixels a thousand times as wide as high. */
function plausibleAspect(aspect: Rational | undefined): Rational {
  if (!aspect || toNumber(aspect) < 0.1 || 10 < toNumber(aspect)) return one;
  return rational(Math.min(aspect.num, 1e6), Math.min(aspect.den, 1e6)) ?? one;
}

function isStill(stream: FfprobeStream): boolean {
  const { attached_pic, timed_thumbnails, still_image } = stream.disposition ?? {};
  return attached_pic === 1 || timed_thumbnails === 1 || still_image === 1;
}

function isKnown(codec: string | undefined): boolean {
  return codec !== undefined && codec !== "none" && codec !== "unknown";
}

function codecOf(streams: readonly FfprobeStream[]): string {
  return streams[0]?.codec_name ?? "unknown";
}

function defaultOf(streams: readonly FfprobeStream[], index: number): number {
  return streams.find((stream) => stream.index === index)?.disposition?.default ?? 0;
}

function named(value: string | undefined): string | undefined {
  return value === undefined || value === "unknown" || value === "reserved" ? undefined : value;
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Of what we use: a subtitle track may go on for longer. Where streams do not say, the file's own. */
function durationOf(document: FfprobeDocument, video: VideoStream | undefined, audio: readonly AudioStream[]) {
  const streams = [...(video ? [video] : []), ...audio].map((stream) => stream.durationSeconds);
  const whole = positive(document.format?.duration);
  const known = longest(streams);
  return whole === undefined || (known !== undefined && !streams.includes(undefined)) ? known : whole;
}

function longest(durations: readonly (number | undefined)[]): number | undefined {
  const known = durations.filter((duration) => duration !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

function failure(code: number, sentence: string): { failure: Failure } {
  return { failure: { code, sentence } };
}
