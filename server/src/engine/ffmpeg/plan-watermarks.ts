/**
 * Watermarks of one output: where each lies, how large, how opaque. Images are laid over, texts are drawn.
 */
import type { PresetWatermark } from "../../storage/records/job-document.ts";
import { scaleMatrix } from "./colour.ts";
import { escapeFilterValue, type Step } from "./filter-graph.ts";
import type { Rect, Size } from "./geometry.ts";
import type { PicturePlan } from "./plan-video.ts";
import { toNumber } from "./rational.ts";
import { fontOptions, outlineOf, type TextMeasure } from "./text-watermarks.ts";

/** A watermark of the job, looked at and ready to be placed. */
export type Watermark = { preset: PresetWatermark } & (
  | { size: Size /** The image's pad in the filter graph. */; pad: string }
  | { measure: TextMeasure /** Read by drawtext, named relative to the scratch folder. */; textFile: string }
);

export function watermarkSteps(watermarks: readonly Watermark[], picture: PicturePlan): Step[] {
  return watermarks.flatMap((watermark) => {
    const opacity = opacityOf(watermark.preset);
    if (opacity === 0) return [];
    return [
      "size" in watermark
        ? overlayStep(watermark, watermark, picture, opacity)
        : drawStep(watermark, watermark, picture, opacity),
    ];
  });
}

/** The rectangle a graphic of this size gets on the finished frame. Parts may lie outside: they are cut off there. */
export function placeWatermark(preset: PresetWatermark, graphic: Size, picture: Pick<PicturePlan, "placement">): Rect {
  const reference = referenceOf(preset, picture);
  const box = boxOf(preset, reference);
  const ratio = Math.min(box.width / graphic.width, box.height / graphic.height);
  const scaled =
    preset.SizingPolicy === "Stretch"
      ? box
      : scaleBy(graphic, preset.SizingPolicy === "Fit" ? ratio : Math.min(1, ratio));
  return alignWatermark(preset, scaled, reference);
}

function overlayStep(
  image: { size: Size; pad: string },
  { preset }: Watermark,
  picture: PicturePlan,
  opacity: number,
): Step {
  // On frames of oblong pixels the graphic is squeezed as the picture is.
  const squeezed = { width: image.size.width / toNumber(picture.truePixelAspect), height: image.size.height };
  const { x, y, width, height } = placeWatermark(preset, squeezed, picture);
  const matrix = scaleMatrix(picture.colour.output.matrix);
  const formats = overlayFormats[picture.pixelFormat] ?? overlayFormats.yuv420p!;
  const fade = opacity < 1 ? `,colorchannelmixer=aa=${opacity}` : "";
  return {
    other: `[${image.pad}]format=rgba${fade},scale=${width}:${height}:flags=bicubic:out_color_matrix=${matrix}:out_range=tv,format=${formats.image}`,
    join: `overlay=${x}:${y}:format=${formats.overlay}`,
  };
}

const overlayFormats: Record<string, { image: string; overlay: string }> = {
  yuv420p: { image: "yuva420p", overlay: "yuv420" },
  yuv422p: { image: "yuva422p", overlay: "yuv422" },
  yuv444p: { image: "yuva444p", overlay: "yuv444" },
  yuv420p10le: { image: "yuva420p10le", overlay: "yuv420p10" },
  // Not every FFmpeg lays over 10 bits of 4:4:4: eight of them, then back.
  yuv444p10le: { image: "yuva444p", overlay: "yuv444,format=yuv444p10le" },
};

/** Smaller than this no text can be read, whatever the box. */
const leastFontSize = 8;

function drawStep(
  text: { measure: TextMeasure; textFile: string },
  { preset }: Watermark,
  picture: PicturePlan,
  opacity: number,
): Step {
  const { measure } = text;
  const reference = referenceOf(preset, picture);
  const box = boxOf(preset, reference);
  // Text has no size of its own, so every sizing policy means: as large as the box allows.
  const ratio = Math.min(box.width / measure.width, box.height / measure.height);
  const fontSize = Math.max(leastFontSize, Math.floor(measure.fontSize * ratio));
  const scale = fontSize / measure.fontSize;
  const { x, y } = alignWatermark(preset, scaleBy(measure, scale), reference);
  const draw = [
    `drawtext=textfile=${escapeFilterValue(text.textFile)}`,
    fontOptions,
    `fontsize=${fontSize}`,
    "fontcolor=white",
    `borderw=${outlineOf(fontSize)}`,
    "bordercolor=black",
    `x=${x - Math.round(measure.left * scale)}`,
    `y=${y - Math.round(measure.top * scale)}`,
  ].join(":");
  // Fading letter and outline apart would let the outline shine through: the drawn picture is mixed with the other.
  return opacity === 1 ? draw : { branch: draw, join: `blend=all_mode=normal:all_opacity=${round(1 - opacity)}` };
}

function referenceOf(preset: PresetWatermark, { placement }: Pick<PicturePlan, "placement">): Rect {
  return preset.Target === "Frame" ? { ...placement.frame, x: 0, y: 0 } : placement.content;
}

function boxOf(preset: PresetWatermark, reference: Rect): Size {
  return {
    width: Math.max(1, Math.round(lengthOf(preset.MaxWidth, reference.width, reference.width))),
    height: Math.max(1, Math.round(lengthOf(preset.MaxHeight, reference.height, reference.height))),
  };
}

function alignWatermark(preset: PresetWatermark, { width, height }: Size, reference: Rect): Rect {
  const across = lengthOf(preset.HorizontalOffset, reference.width, 0);
  const down = lengthOf(preset.VerticalOffset, reference.height, 0);
  const free = { x: reference.width - width, y: reference.height - height };
  const x =
    preset.HorizontalAlign === "Center" ? free.x / 2 : preset.HorizontalAlign === "Right" ? free.x - across : across;
  const y = preset.VerticalAlign === "Center" ? free.y / 2 : preset.VerticalAlign === "Bottom" ? free.y - down : down;
  return { x: reference.x + Math.round(x), y: reference.y + Math.round(y), width, height };
}

function scaleBy({ width, height }: Size, ratio: number): Size {
  return { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
}

/** `10%` of the whole, or `64px`. */
function lengthOf(text: string | undefined, whole: number, absent: number): number {
  const match = /^(\d{1,4}(?:\.\d{0,5})?)(%|px)$/.exec(text ?? "");
  if (!match) return absent;
  return match[2] === "%" ? (Number(match[1]) / 100) * whole : Number(match[1]);
}

function opacityOf({ Opacity }: PresetWatermark): number {
  const opacity = Opacity ? Number(Opacity) / 100 : 1;
  return Number.isFinite(opacity) ? round(Math.min(1, Math.max(0, opacity))) : 1;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
