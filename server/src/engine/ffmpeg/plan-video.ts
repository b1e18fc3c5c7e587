/**
 * The picture of one output: from the input's stream to frames as the preset wants them. Not here: encoder settings
 * (plan-video-encoder.ts), watermarks (plan-watermarks.ts).
 */
import type { VideoSettings } from "../../storage/records/job-document.ts";
import { type ColourPlan, planColour, scaleMatrix, toneMappingSteps } from "./colour.ts";
import type { Step } from "./filter-graph.ts";
import { planFrameRate } from "./frame-rate.ts";
import {
  type ExactSize,
  type PaddingPolicy,
  type Placement,
  planLegacyPlacement,
  planPlacement,
  type Size,
  type SizingPolicy,
  squareSize,
} from "./geometry.ts";
import type { VideoStream } from "./probe.ts";
import { one, parseRational, type Rational, rational, toNumber, toText } from "./rational.ts";

export type SourceVideo = VideoStream & {
  /** Decided by looking at the pictures, not only at the flags. */
  isInterlaced: boolean;
};

export type PicturePlan = {
  rotation: 0 | 90 | 180 | 270;
  placement: Placement;
  /** Of the finished frame, as players are told. */
  pixelAspect: Rational;
  /** Of the finished frame, as it would have to be shown for nothing to look stretched. */
  truePixelAspect: Rational;
  frameRate: Rational;
  /** `undefined`: progressive. */
  fieldOrder?: "top" | "bottom";
  /** Frames are made at twice the rate, and woven into fields at the end. */
  isWoven: boolean;
  colour: ColourPlan;
  pixelFormat: string;
};

export function planPicture(
  source: SourceVideo,
  settings: VideoSettings,
  job: { rotate: string; segmentDuration?: number },
): PicturePlan {
  const rotation = job.rotate === "0" ? 0 : quarterTurn(job.rotate, source.rotation);
  const shown = squareSize(source, source.sampleAspect, rotation);
  const { placement, pixelAspect, truePixelAspect } = planFrame(shown, settings);
  const frameRate = planFrameRate(settings, { rate: source.frameRate, isVariable: source.isVariableRate });
  const fieldOrder = planFieldOrder(source, settings);
  const colour = planColour(source, {
    mode: settings.CodecOptions?.ColorSpaceConversionMode,
    isInterlaced: fieldOrder !== undefined,
    frameRate: toNumber(frameRate),
    hasSegments: job.segmentDuration !== undefined,
    from: `${source.width}x${source.height}`,
    to: `${placement.frame.width}x${placement.frame.height}`,
  });
  return {
    rotation,
    placement,
    pixelAspect,
    truePixelAspect,
    frameRate,
    ...(fieldOrder && { fieldOrder }),
    isWoven:
      fieldOrder !== undefined && (source.isInterlaced || 1.9 * toNumber(frameRate) <= toNumber(source.frameRate)),
    colour,
    pixelFormat: pixelFormatOf(settings),
  };
}

/** Until the watermarks: decoded frames to placed ones at the output's rate. */
export function pictureSteps(source: SourceVideo, plan: PicturePlan, toneMappedSize: Size): Step[] {
  const { placement, colour } = plan;
  const rate = plan.isWoven ? { num: plan.frameRate.num * 2, den: plan.frameRate.den } : plan.frameRate;
  // Cheapest first: frames are dropped before they are scaled, and repeated after.
  const resample = `fps=${toText(rate)}:start_time=0`;
  const isDropping = toNumber(rate) <= toNumber(source.frameRate) * (source.isInterlaced ? 2 : 1) * 1.001;
  // Does nothing, unless the size changes on the way, as in calls and broadcasts: no filter below can take that.
  const steps: Step[] = [`scale=${source.width}:${source.height}`];
  if (source.isInterlaced) {
    const needsFields = plan.isWoven || 1.9 * toNumber(source.frameRate) <= toNumber(plan.frameRate);
    const parity = source.fieldOrder === "top" ? "tff" : source.fieldOrder === "bottom" ? "bff" : "auto";
    steps.push(`bwdif=mode=${needsFields ? "send_field" : "send_frame"}:parity=${parity}:deint=all`);
  }
  if (isDropping) steps.push(resample);
  if (colour.toneMapping)
    steps.push(...toneMappingSteps(source, colour.toneMapping, toneMappedSize.width, toneMappedSize.height));
  steps.push(...turns[plan.rotation]);
  steps.push(...scaleSteps(source, plan));
  const { crop, scaled, content, frame } = placement;
  if (crop.width < scaled.width || crop.height < scaled.height) {
    steps.push(`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}`);
  }
  if (content.width < frame.width || content.height < frame.height) {
    steps.push(`pad=${frame.width}:${frame.height}:${content.x}:${content.y}:color=black`);
  }
  if (!isDropping) steps.push(resample);
  if (plan.isWoven) {
    // Fields of a progressive picture flicker on fine lines unless they are softened.
    const lowpass = source.isInterlaced ? "off" : "linear";
    steps.push(`interlace=scan=${plan.fieldOrder === "bottom" ? "bff" : "tff"}:lowpass=${lowpass}`);
  }
  return steps;
}

/** After the watermarks: what the encoder is told about the frames. */
export function taggingSteps(plan: PicturePlan): Step[] {
  const { output } = plan.colour;
  const field = plan.fieldOrder === undefined ? "prog" : plan.fieldOrder === "top" ? "tff" : "bff";
  return [
    // Newer FFmpeg hands what belongs to a frame on to the encoder: rotation, mastering, captions, all of the input's.
    "sidedata=mode=delete",
    `setsar=${plan.pixelAspect.num}/${plan.pixelAspect.den}`,
    `setparams=field_mode=${field}:range=tv:color_primaries=${output.primaries}:color_trc=${output.transfer}:colorspace=${output.matrix}`,
  ];
}

/** The size at which HDR is mapped once for all outputs: as large as the largest needs it, in the stored orientation. */
export function toneMappedSize(source: VideoStream, plans: readonly PicturePlan[]): Size {
  const ratios = plans.map(({ placement, rotation }) => {
    const isTurned = rotation === 90 || rotation === 270;
    const width = isTurned ? placement.scaled.height : placement.scaled.width;
    const height = isTurned ? placement.scaled.width : placement.scaled.height;
    return Math.max(width / source.width, height / source.height);
  });
  const ratio = Math.min(1, Math.max(...ratios));
  const even = (side: number) => Math.max(2, 2 * Math.ceil((side * ratio) / 2 - 1e-9));
  return { width: even(source.width), height: even(source.height) };
}

const turns: Record<PicturePlan["rotation"], string[]> = {
  0: [],
  90: ["transpose=clock"],
  180: ["hflip", "vflip"],
  270: ["transpose=cclock"],
};

function scaleSteps(source: SourceVideo, { placement, colour, pixelFormat }: PicturePlan): string[] {
  const { width, height } = placement.scaled;
  const options = [`${width}:${height}`, "flags=bicubic"];
  if (!colour.toneMapping && (source.isFullRange || colour.isRgb)) {
    options.push(`in_range=${source.isFullRange || colour.isRgb ? "pc" : "tv"}`, "out_range=tv");
  }
  if (colour.isRgb) options.push(`out_color_matrix=${scaleMatrix(colour.output.matrix)}`);
  else if (colour.source !== colour.output.matrix) {
    options.push(
      `in_color_matrix=${scaleMatrix(colour.source)}`,
      `out_color_matrix=${scaleMatrix(colour.output.matrix)}`,
    );
  }
  return [`scale=${options.join(":")}`, `format=${pixelFormat}`];
}

type FramePlan = { placement: Placement; pixelAspect: Rational; truePixelAspect: Rational };

function planFrame(shown: ExactSize, settings: VideoSettings): FramePlan {
  const { MaxWidth, MaxHeight, Resolution, AspectRatio, SizingPolicy, PaddingPolicy, DisplayAspectRatio } = settings;
  if (!MaxWidth && !MaxHeight && (Resolution || AspectRatio)) {
    const legacy = planLegacyPlacement(shown, parseSize(Resolution), parseRational(AspectRatio) ?? "auto");
    return { ...legacy, truePixelAspect: legacy.pixelAspect };
  }
  const box = { width: Number(MaxWidth) || 1920, height: Number(MaxHeight) || 1080 };
  const sizing = (SizingPolicy || "ShrinkToFit") as SizingPolicy;
  const placement = planPlacement(shown, box, sizing, (PaddingPolicy || "NoPad") as PaddingPolicy);
  const display = parseRational(DisplayAspectRatio);
  const { width, height } = placement.frame;
  const pixelAspect = (display && rational(display.num * height, display.den * width)) ?? one;
  return { placement, pixelAspect, truePixelAspect: one };
}

/** `auto` and everything that is no size: the input's. */
export function parseSize(text: string | undefined): Size | "auto" {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text ?? "");
  return match ? { width: Number(match[1]), height: Number(match[2]) } : "auto";
}

function quarterTurn(rotate: string, ofFile: PicturePlan["rotation"]): PicturePlan["rotation"] {
  return rotate === "90" ? 90 : rotate === "180" ? 180 : rotate === "270" ? 270 : ofFile;
}

function planFieldOrder(source: SourceVideo, { Codec, CodecOptions }: VideoSettings): PicturePlan["fieldOrder"] {
  if (Codec !== "H.264" && Codec !== "mpeg2") return undefined;
  switch (CodecOptions?.InterlacedMode) {
    case "TopFirst":
      return "top";
    case "BottomFirst":
      return "bottom";
    case "Auto":
      return source.isInterlaced && source.fieldOrder === "bottom" ? "bottom" : "top";
    default:
      return undefined;
  }
}

function pixelFormatOf({ Codec, CodecOptions }: VideoSettings): string {
  if (Codec === "mpeg2" && CodecOptions?.ChromaSubsampling === "yuv422p") return "yuv422p";
  if (Codec === "vp9") return vp9Formats[CodecOptions?.Profile ?? ""] ?? "yuv420p";
  return "yuv420p";
}

/** Profiles 1 and 3 exist for chroma other than 4:2:0, 2 and 3 for more than 8 bits. */
const vp9Formats: Record<string, string> = { "1": "yuv444p", "2": "yuv420p10le", "3": "yuv444p10le" };
