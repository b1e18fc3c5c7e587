/**
 * What the video settings of a preset must be.
 */
import type { VideoSettings } from "../../../storage/records/job-document.ts";
import { either, evenNumber, expectValue, type Findings, oneOf, type ValueRule, wholeNumber } from "./findings.ts";
import { checkLevel, levels } from "./h264-levels.ts";
import { checkWatermarks } from "./watermarks.ts";

const interlaced = oneOf("Progressive", "TopFirst", "BottomFirst", "Auto");
const rate = { MaxBitRate: wholeNumber(16, 62_500), BufferSize: wholeNumber(1, 10_000_000) };
const vpx = { Profile: oneOf("0", "1", "2", "3"), ...rate };

const colourModes = ["None", "Bt709ToBt601", "Bt601ToBt709", "Auto"];
const colours: ValueRule = {
  // The API's own texts write them in two ways.
  holds: (value) => colourModes.some((mode) => mode.toLowerCase() === value.toLowerCase()),
  expected: `one of ${colourModes.join(", ")}`,
};

const codecOptions: Record<string, Record<string, ValueRule>> = {
  "H.264": {
    Profile: oneOf("baseline", "main", "high"),
    Level: oneOf(...levels.keys()),
    MaxReferenceFrames: wholeNumber(0, 16),
    ...rate,
    InterlacedMode: interlaced,
    ColorSpaceConversionMode: colours,
  },
  vp8: vpx,
  vp9: vpx,
  mpeg2: {
    ...rate,
    InterlacedMode: interlaced,
    ColorSpaceConversionMode: colours,
    ChromaSubsampling: oneOf("yuv420p", "yuv422p"),
  },
  gif: { LoopCount: either(oneOf("Infinite"), wholeNumber(0, 100)) },
};

const auto = oneOf("auto");

export function checkVideo(video: VideoSettings, container: string, findings: Findings): void {
  const { problems, warnings } = findings;
  const codec = video.Codec!;
  checkOptions(codec, video.CodecOptions ?? {}, findings);

  if (codec === "mpeg2") {
    for (const name of ["FrameRate", "MaxFrameRate"] as const) {
      if (["10", "15"].includes(video[name] ?? ""))
        problems.push(`Video:${name} must be 23.97 or more for codec mpeg2.`);
    }
  }
  const { Profile, InterlacedMode = "Progressive" } = video.CodecOptions ?? {};
  if (Profile === "baseline" && InterlacedMode !== "Progressive") {
    problems.push("Video:CodecOptions:InterlacedMode must be Progressive for profile baseline.");
  }
  if (codec === "gif") {
    for (const name of ["KeyframesMaxDist", "FixedGOP"] as const) {
      if (video[name]) problems.push(`Video:${name} is not allowed for codec gif.`);
    }
  }
  if (container === "fmp4" && video.FixedGOP !== "true") {
    problems.push("Video:FixedGOP must be true for container fmp4.");
  }
  expectValue(findings, "Video:KeyframesMaxDist", video.KeyframesMaxDist, wholeNumber(1, 100_000));
  expectValue(findings, "Video:BitRate", video.BitRate, either(auto, wholeNumber(1, 99_999)));
  expectValue(findings, "Video:MaxWidth", video.MaxWidth, either(auto, evenNumber(128, 4096)));
  expectValue(findings, "Video:MaxHeight", video.MaxHeight, either(auto, evenNumber(96, 3072)));
  checkSizeGroups("Video", video, findings);
  if (video.Resolution && video.Resolution !== "auto") {
    const [width, height] = video.Resolution.split("x");
    expectValue(findings, "Video:Resolution width", width, evenNumber(128, 4096));
    expectValue(findings, "Video:Resolution height", height, evenNumber(96, 3072));
  }
  if (video.MaxFrameRate && video.FrameRate !== "auto") {
    warnings.push("Video:MaxFrameRate has no effect: Video:FrameRate is not auto.");
  }
  checkWatermarks(video, findings);
  if (codec === "H.264") checkLevel(video, findings);
}

function checkOptions(codec: string, options: Record<string, string>, findings: Findings): void {
  const rules = codecOptions[codec] ?? {};
  for (const [name, value] of Object.entries(options)) {
    const path = `Video:CodecOptions:${name}`;
    if (!Object.hasOwn(rules, name)) findings.problems.push(`${path} is not allowed for codec ${codec}.`);
    else expectValue(findings, path, value, rules[name]!);
  }
}

/** The old way to give a size and the new one: each is whole by itself. */
export function checkSizeGroups(
  path: string,
  settings: Pick<
    VideoSettings,
    "Resolution" | "AspectRatio" | "MaxWidth" | "MaxHeight" | "SizingPolicy" | "PaddingPolicy" | "DisplayAspectRatio"
  >,
  findings: Findings,
): void {
  const given = (names: readonly (keyof typeof settings)[]) => names.filter((name) => settings[name]);
  const older = given(["Resolution", "AspectRatio"]);
  const newer = given(["MaxWidth", "MaxHeight", "SizingPolicy", "PaddingPolicy", "DisplayAspectRatio"]);
  if (0 < older.length && 0 < newer.length) {
    findings.problems.push(`${path}: ${older.join(" and ")} and ${newer.join(" and ")} are mutually exclusive.`);
  }
}
