/**
 * Encoder settings of one output's video.
 *
 * Bit rate `auto` is constant quality: x264 at CRF 22, VP8 and VP9 at CRF 10 and 31, MPEG-2 at quantizer 3, and
 * MaxBitRate still caps it.
 */
import type { VideoSettings } from "../../storage/records/job-document.ts";
import type { Capabilities } from "./capabilities.ts";
import { levelNamed, maxReferenceFrames } from "./levels.ts";
import type { PicturePlan } from "./plan-video.ts";
import { type Rational, toNumber } from "./rational.ts";

/** ffmpeg's options for one output file with one video stream, or a sentence why it cannot be done. */
export function planVideoEncoder(
  settings: VideoSettings,
  picture: PicturePlan,
  segmentDuration: number | undefined,
  capabilities: Capabilities,
): string[] | { refused: string } {
  const codec = codecs[settings.Codec ?? ""];
  if (!codec) return { refused: `The video codec ${settings.Codec} is not known.` };
  const encoder = codec.encoders.find((name) => capabilities.encoders.has(name));
  if (!encoder)
    return { refused: `The FFmpeg at hand cannot encode ${settings.Codec}: it has no ${codec.encoders[0]}.` };
  const gop = effectiveGop(settings, segmentDuration, picture.frameRate);
  return ["-c:v", encoder, ...codec.plan(settings, picture, gop), "-fps_mode:v", "passthrough"];
}

/**
 * Frames between key frames at most: the preset's, and no more than a segment holds, so that a segment can end in time.
 * A part of a frame counts as one: the frame at or after the segment's end must be the key frame.
 */
export function effectiveGop(
  settings: VideoSettings,
  segmentDuration: number | undefined,
  rate: Rational,
): number | undefined {
  const preset = Number(settings.KeyframesMaxDist) || undefined;
  const segment = segmentDuration && Math.max(1, Math.ceil(segmentDuration * toNumber(rate) - 1e-6));
  return preset && segment ? Math.min(preset, segment) : (preset ?? segment);
}

type Codec = {
  encoders: readonly string[];
  plan(settings: VideoSettings, picture: PicturePlan, gop: number | undefined): string[];
};

const codecs: Record<string, Codec | undefined> = {
  __proto__: null as never,
  "H.264": { encoders: ["libx264"], plan: planH264 },
  mpeg2: { encoders: ["mpeg2video"], plan: planMpeg2 },
  vp8: { encoders: ["libvpx"], plan: planVp8 },
  vp9: { encoders: ["libvpx-vp9"], plan: planVp9 },
  gif: { encoders: ["gif"], plan: () => [] },
};

function planH264(settings: VideoSettings, picture: PicturePlan, gop: number | undefined): string[] {
  const { Profile = "main", Level, MaxReferenceFrames } = settings.CodecOptions ?? {};
  const level = levelNamed(Level);
  const { width, height } = picture.placement.frame;
  const references = Math.min(
    Math.max(1, MaxReferenceFrames ? Number(MaxReferenceFrames) : 3),
    level ? maxReferenceFrames(level, width, height) : 16,
  );
  // A B-frame needs a reference on either side, and a pyramid of them four in all; more than asked must not show in the stream.
  const bFrames = Profile === "baseline" || references < 2 ? 0 : 3;
  const rates = ratesOf(settings);
  if (rates.bitRate && !rates.max && level) {
    const ceiling = Profile === "high" ? level.maxKbitHigh : level.maxKbit;
    // Nothing asked: the level's own limits, so that the stream is what its level says.
    if (rates.bitRate < ceiling) Object.assign(rates, { max: ceiling, buffer: ceiling });
  }
  return [
    ...["-preset", "medium", "-profile:v", Profile],
    ...(Level ? ["-level:v", Level] : []),
    ...["-refs:v", `${references}`, "-bf:v", `${bFrames}`],
    ...(bFrames > 0 && references < 4 ? ["-b-pyramid", "none"] : []),
    ...keyFrames(gop, settings, ["-sc_threshold:v", "0"]),
    // With x264's usual tolerance, one pass over 20 s of a film misses the rate by up to 17 %.
    ...(rates.bitRate ? ["-b:v", `${rates.bitRate}k`, "-x264-params", "ratetol=0.1"] : ["-crf", "22"]),
    ...bufferOf(rates),
    ...(picture.fieldOrder ? ["-flags:v", "+ilme+ildct"] : []),
  ];
}

function planMpeg2(settings: VideoSettings, picture: PicturePlan, gop: number | undefined): string[] {
  const rates = ratesOf(settings);
  const isConstant = rates.bitRate !== undefined && rates.bitRate === rates.max;
  const flags = [picture.fieldOrder ? "+ilme+ildct" : "", settings.FixedGOP === "true" ? "+cgop" : ""].join("");
  return [
    ...keyFrames(gop ?? 15, settings, ["-sc_threshold:v", "1000000000"]),
    ...["-bf:v", "2"],
    ...(rates.bitRate ? ["-b:v", `${rates.bitRate}k`, "-qmin:v", "1"] : ["-q:v", "3"]),
    ...(isConstant ? ["-minrate:v", `${rates.bitRate}k`] : []),
    ...bufferOf(rates),
    ...(picture.pixelFormat === "yuv422p"
      ? ["-intra_vlc", "1", "-non_linear_quant", "1", "-qmax:v", "28", "-dc:v", "10"]
      : []),
    ...(flags ? ["-flags:v", flags] : []),
    // Else a GOP that no run of B-frames divides ends early.
    ...(settings.FixedGOP === "true" ? ["-mpv_flags", "+strict_gop"] : []),
  ];
}

function planVp8(settings: VideoSettings, _picture: PicturePlan, gop: number | undefined): string[] {
  const rates = ratesOf(settings);
  return [
    ...["-deadline", "good", "-cpu-used", "3", "-auto-alt-ref", "1", "-lag-in-frames", "16"],
    ...["-profile:v", settings.CodecOptions?.Profile || "0"],
    ...keyFrames(gop, settings, []),
    ...(rates.bitRate ? ["-b:v", `${rates.bitRate}k`] : ["-crf", "10", "-b:v", `${rates.max ?? 20_000}k`]),
    ...bufferOf(rates),
  ];
}

function planVp9(settings: VideoSettings, picture: PicturePlan, gop: number | undefined): string[] {
  const rates = ratesOf(settings);
  const { width } = picture.placement.frame;
  const tileColumns = Math.max(0, Math.floor(Math.log2(width / 256)));
  return [
    ...["-deadline", "good", "-cpu-used", "4", "-row-mt", "1", "-tile-columns", `${Math.min(2, tileColumns)}`],
    ...["-auto-alt-ref", "1", "-lag-in-frames", "25"],
    ...(settings.CodecOptions?.Profile ? ["-profile:v", settings.CodecOptions.Profile] : []),
    ...keyFrames(gop, settings, []),
    ...vp9Rate(rates),
  ];
}

/**
 * One pass at a variable rate misses by up to two thirds on noisy clips of 20 s; a constant rate over a buffer of
 * two and a half seconds stays within 3 %.
 */
function vp9Rate(rates: Rates): string[] {
  const { bitRate, max, buffer = Number.POSITIVE_INFINITY } = rates;
  if (!bitRate) return ["-crf", "31", "-b:v", `${max ?? 0}k`, ...bufferOf(rates)];
  const size = Math.min(buffer, Math.round(bitRate * 2.5));
  return ["-b:v", `${bitRate}k`, "-minrate:v", `${bitRate}k`, "-maxrate:v", `${bitRate}k`, "-bufsize:v", `${size}k`];
}

type Rates = { bitRate?: number; max?: number; buffer?: number };

/** In kbit. Clients send empty texts for what they leave out. */
function ratesOf({ BitRate, CodecOptions }: VideoSettings): Rates {
  const max = Number(CodecOptions?.MaxBitRate) || undefined;
  return {
    bitRate: Number(BitRate) || undefined,
    max,
    buffer: Number(CodecOptions?.BufferSize) || (max && max * 10),
  };
}

/** At a constant rate a buffer of many seconds would let a short clip miss the rate by as much: two and a half will do. */
function bufferOf({ bitRate, max, buffer }: Rates): string[] {
  if (!max || !buffer) return [];
  const size = bitRate && max <= bitRate ? Math.min(buffer, Math.round(max * 2.5)) : buffer;
  return ["-maxrate:v", `${max}k`, "-bufsize:v", `${size}k`];
}

function keyFrames(gop: number | undefined, { FixedGOP }: VideoSettings, noSceneCuts: readonly string[]): string[] {
  if (gop === undefined) return [];
  return ["-g:v", `${gop}`, ...(FixedGOP === "true" ? ["-keyint_min:v", `${gop}`, ...noSceneCuts] : [])];
}
