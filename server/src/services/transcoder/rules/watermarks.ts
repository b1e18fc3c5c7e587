/**
 * What the watermark settings of a preset must be.
 */
import type { PresetWatermark, VideoSettings } from "../../../storage/records/job-document.ts";
import type { Findings } from "./findings.ts";

const mostWatermarks = 4;

export function checkWatermarks(video: VideoSettings, findings: Findings): void {
  const watermarks = video.Watermarks ?? [];
  const { problems } = findings;
  if (mostWatermarks < watermarks.length) problems.push(`Video:Watermarks has more than ${mostWatermarks} settings.`);
  // Where the preset leaves the size open, so much is the most that it can become.
  const width = Number(video.MaxWidth) || Number(video.Resolution?.split("x")[0]) || 1920;
  const height = Number(video.MaxHeight) || Number(video.Resolution?.split("x")[1]) || 1080;
  for (const [index, watermark] of watermarks.entries()) {
    const path = `Video:Watermarks:${watermark.Id ?? index + 1}`;
    if (!watermark.Id) problems.push(`${path}:Id is not allowed to be null.`);
    if (watermark.Id && watermarks.findIndex(({ Id }) => Id === watermark.Id) < index) {
      problems.push(`${path}:Id is used more than once.`);
    }
    checkLength(path, "MaxWidth", watermark, 16, width, problems);
    checkLength(path, "MaxHeight", watermark, 16, height, problems);
    checkLength(path, "HorizontalOffset", watermark, 0, width, problems);
    checkLength(path, "VerticalOffset", watermark, 0, height, problems);
    if (100 < Number(watermark.Opacity)) problems.push(`${path}:Opacity must be from 0 to 100.`);
  }
}

function checkLength(
  path: string,
  name: "MaxWidth" | "MaxHeight" | "HorizontalOffset" | "VerticalOffset",
  watermark: PresetWatermark,
  minPixels: number,
  maxPixels: number,
  problems: string[],
): void {
  const text = watermark[name];
  if (!text) return;
  const value = Number.parseFloat(text);
  if (text.endsWith("%") && 100 < value) problems.push(`${path}:${name} '${text}' is above 100%.`);
  if (text.endsWith("px") && !(minPixels <= value && value <= maxPixels)) {
    problems.push(`${path}:${name} '${text}' is not from ${minPixels}px to ${maxPixels}px.`);
  }
}
