/**
 * What the thumbnail settings of a preset must be.
 */
import type { ThumbnailSettings, VideoSettings } from "../../../storage/records/job-document.ts";
import { either, evenNumber, expectValue, type Findings, oneOf, wholeNumber } from "./findings.ts";
import { checkSizeGroups } from "./video.ts";

const auto = oneOf("auto");

export function checkThumbnails(
  thumbnails: ThumbnailSettings,
  video: VideoSettings | null | undefined,
  findings: Findings,
): void {
  expectValue(findings, "Thumbnails:Interval", thumbnails.Interval, wholeNumber(1, 99_999));
  expectValue(findings, "Thumbnails:MaxWidth", thumbnails.MaxWidth, either(auto, evenNumber(32, 4096)));
  expectValue(findings, "Thumbnails:MaxHeight", thumbnails.MaxHeight, either(auto, evenNumber(32, 3072)));
  checkSizeGroups("Thumbnails", thumbnails, findings);
  if (thumbnails.Resolution) {
    const [width, height] = thumbnails.Resolution.split("x");
    const [maxWidth = 4096, maxHeight = 3072] = sizeOf(video?.Resolution);
    expectValue(findings, "Thumbnails:Resolution width", width, evenNumber(32, maxWidth));
    expectValue(findings, "Thumbnails:Resolution height", height, evenNumber(32, maxHeight));
  }
}

function sizeOf(resolution: string | undefined): number[] {
  return resolution && resolution !== "auto" ? resolution.split("x").map(Number) : [];
}
