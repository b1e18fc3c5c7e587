/**
 * Thumbnails of one output, cut from its finished picture: turned, with its bars and watermarks, as viewers see it.
 * The first is the first frame, then one for every interval: the first frame at or after that time.
 */
import type { ThumbnailSettings } from "../../storage/records/job-document.ts";
import type { Step } from "./filter-graph.ts";
import {
  type PaddingPolicy,
  type Placement,
  planLegacyPlacement,
  planPlacement,
  type Size,
  type SizingPolicy,
  squareSize,
} from "./geometry.ts";
import { type PicturePlan, parseSize } from "./plan-video.ts";
import { parseRational } from "./rational.ts";

export type ThumbnailPlan = { format: "jpg" | "png"; size: Size; steps: Step[]; args: string[] };

/** `steps` come after those of the output's picture, tags included. */
export function planThumbnails(settings: ThumbnailSettings, picture: PicturePlan): ThumbnailPlan {
  const format = settings.Format === "jpg" ? "jpg" : "png";
  const interval = Math.max(1, Number(settings.Interval) || 60);
  const { scaled, crop, content, frame } = planThumbnailPlacement(settings, picture);
  // The thousandth forgives rounding: without it a frame at 60 seconds may count as 59.9999999.
  const steps: Step[] = [`select=gte(t+0.001\\,selected_n*${interval})`];
  // Woven fields would show as combs: one field is enough for a small picture.
  if (picture.isWoven) steps.push("field=top");
  const range = format === "jpg" ? ":in_range=tv:out_range=pc" : "";
  steps.push(
    `scale=${scaled.width}:${scaled.height}:flags=bicubic${range}`,
    `format=${format === "jpg" ? "yuvj420p" : "rgb24"}`,
  );
  if (crop.width < scaled.width || crop.height < scaled.height)
    steps.push(`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}`);
  if (content.width < frame.width || content.height < frame.height) {
    steps.push(`pad=${frame.width}:${frame.height}:${content.x}:${content.y}:color=black`);
  }
  steps.push("setsar=1");
  const encoder = format === "jpg" ? ["-c:v", "mjpeg", "-q:v", "3"] : ["-c:v", "png"];
  return {
    format,
    size: frame,
    steps,
    args: [...encoder, "-fps_mode:v", "passthrough", "-f", "image2", "-start_number", "1"],
  };
}

function planThumbnailPlacement(settings: ThumbnailSettings, picture: PicturePlan): Placement {
  const shown = squareSize(picture.placement.frame, picture.truePixelAspect, 0);
  const { MaxWidth, MaxHeight, Resolution, AspectRatio } = settings;
  if (!MaxWidth && !MaxHeight && (Resolution || AspectRatio)) {
    return planLegacyPlacement(shown, parseSize(Resolution), parseRational(AspectRatio) ?? "auto").placement;
  }
  const box = { width: Number(MaxWidth) || 1920, height: Number(MaxHeight) || 1080 };
  const sizing = (settings.SizingPolicy || "ShrinkToFit") as SizingPolicy;
  return planPlacement(shown, box, sizing, (settings.PaddingPolicy || "NoPad") as PaddingPolicy);
}
