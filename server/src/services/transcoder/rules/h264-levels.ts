/**
 * H.264 levels. Encoders and players both cope with streams beyond them, so what is beyond earns a warning.
 *
 * As the developer guide prints them, with its misprinted luma rate of level 1.1 put right; the picture size of 2.2 and 3
 * (of which it prints 404720) is the standard's (H.264, table A-1). Buffers and bit rates are with the encoder.
 */
import { levelNamed, maxReferenceFrames } from "../../../engine/ffmpeg/levels.ts";
import type { VideoSettings } from "../../../storage/records/job-document.ts";
import type { Findings } from "./findings.ts";

/** Luma samples per second and width by height, in rising order. */
export const levels: ReadonlyMap<string, { lumaSamplesPerSecond: number; pictureSize: number }> = new Map(
  (
    [
      ["1", 380_160, 25_344],
      ["1b", 380_160, 25_344],
      ["1.1", 768_000, 101_376],
      ["1.2", 1_536_000, 101_376],
      ["1.3", 3_041_280, 101_376],
      ["2", 3_041_280, 101_376],
      ["2.1", 5_068_800, 202_752],
      ["2.2", 5_184_000, 414_720],
      ["3", 10_368_000, 414_720],
      ["3.1", 27_648_000, 921_600],
      ["3.2", 55_296_000, 1_310_720],
      ["4", 62_914_560, 2_097_152],
      ["4.1", 62_914_560, 2_097_152],
    ] as const
  ).map(([name, lumaSamplesPerSecond, pictureSize]) => [name, { lumaSamplesPerSecond, pictureSize }]),
);

export function checkLevel(video: VideoSettings, { warnings }: Findings): void {
  const { Level: name, Profile, MaxReferenceFrames, MaxBitRate } = video.CodecOptions ?? {};
  const level = name === undefined ? undefined : levels.get(name);
  const encoding = levelNamed(name);
  if (level === undefined || encoding === undefined) return;

  const bitRate = Math.max(...[MaxBitRate, video.BitRate].map((text) => Number(text)).filter(Number.isFinite), 0);
  const maxBitRate = Profile === "high" ? encoding.maxKbitHigh : encoding.maxKbit;
  if (maxBitRate < bitRate) {
    warnings.push(
      `The bit rate of ${bitRate} kbit/s is above the ${maxBitRate} of H.264 level ${name} in profile ${Profile ?? "main"}.`,
    );
  }

  const size = sizeOf(video);
  if (size === undefined) return;
  const [width, height] = size;
  const samples = width * height;
  if (level.pictureSize < samples) {
    warnings.push(`The size of ${width}x${height} is above the ${level.pictureSize} pixels of H.264 level ${name}.`);
  }
  const maxReferences = maxReferenceFrames(encoding, width, height);
  if (maxReferences < Number(MaxReferenceFrames ?? 0)) {
    warnings.push(
      `${MaxReferenceFrames} reference frames at ${width}x${height} are more than the ${maxReferences} of H.264 level ${name}.`,
    );
  }
  const isAuto = !video.FrameRate || video.FrameRate === "auto";
  const frameRate = Number(isAuto ? (video.MaxFrameRate ?? "30") : video.FrameRate);
  if (level.lumaSamplesPerSecond < frameRate * samples) {
    warnings.push(
      `${frameRate} frames per second at ${width}x${height} are above the ${level.lumaSamplesPerSecond} luma samples per second of H.264 level ${name}.`,
    );
  }
}

/** `undefined` where the input decides. */
function sizeOf({ Resolution, MaxWidth, MaxHeight }: VideoSettings): [width: number, height: number] | undefined {
  const [width, height] = Resolution ? Resolution.split("x").map(Number) : [Number(MaxWidth), Number(MaxHeight)];
  return width && height ? [width, height] : undefined;
}
