/**
 * Where the picture goes: sizing and padding policies, for video and thumbnails alike.
 *
 * Input sizes are of square pixels, after rotation; see `squareSize`. Not here: watermarks (plan-watermarks.ts).
 */
import { type Rational, rational, toNumber } from "./rational.ts";

export type Size = { width: number; height: number };
export type Rect = Size & { x: number; y: number };

export type SizingPolicy = "Fit" | "Fill" | "Stretch" | "Keep" | "ShrinkToFit" | "ShrinkToFill";
export type PaddingPolicy = "Pad" | "NoPad";

/** Scale to `scaled`, cut `crop` out of that, put it at `content` on a frame of `frame`. */
export type Placement = {
  scaled: Size;
  crop: Rect;
  content: Rect;
  frame: Size;
};

/** A size as pairs of integers, so that exact ties can be told from near ones. */
export type ExactSize = { width: Rational; height: Rational };

/** The shown size of a stored picture: anamorphic pixels become square by widening or narrowing, then it is turned. */
export function squareSize(stored: Size, pixelAspect: Rational, rotation: number): ExactSize {
  const width = rational(stored.width * pixelAspect.num, pixelAspect.den) ?? { num: stored.width, den: 1 };
  const height = { num: stored.height, den: 1 };
  return rotation === 90 || rotation === 270 ? { width: height, height: width } : { width, height };
}

export function exactSize({ width, height }: Size): ExactSize {
  return { width: { num: width, den: 1 }, height: { num: height, den: 1 } };
}

export function planPlacement(input: ExactSize, box: Size, sizing: SizingPolicy, padding: PaddingPolicy): Placement {
  const scaled = scaledSize(input, box, sizing);
  const shown = { width: Math.min(scaled.width, box.width), height: Math.min(scaled.height, box.height) };
  const crop = {
    ...shown,
    x: Math.floor((scaled.width - shown.width) / 2),
    y: Math.floor((scaled.height - shown.height) / 2),
  };
  const padded = padding === "Pad" && sizing !== "Fill" && sizing !== "Stretch";
  const frame = padded ? { ...box } : { ...shown };
  return { scaled, crop, content: centred(shown, frame), frame };
}

/**
 * The older pair of settings: a frame of exactly `resolution` pixels that is shown with `aspect`. A picture of another
 * shape gets bars; pixels need not be square. Answers also the shape of the frame's pixels.
 */
export function planLegacyPlacement(
  input: ExactSize,
  resolution: Size | "auto",
  aspect: Rational | "auto",
): { placement: Placement; pixelAspect: Rational } {
  const inputAspect = toNumber(input.width) / toNumber(input.height);
  const frame =
    resolution === "auto"
      ? { width: roundEven(input.width.num, input.width.den), height: roundEven(input.height.num, input.height.den) }
      : { width: roundEven(resolution.width, 1), height: roundEven(resolution.height, 1) };
  const frameAspect = aspect === "auto" ? inputAspect : toNumber(aspect);
  // A hair's breadth is not another shape: 854x480 is 16:9 to everybody.
  const isSameShape = Math.abs(inputAspect / frameAspect - 1) < 0.005;
  const scaled = isSameShape
    ? frame
    : inputAspect > frameAspect
      ? { width: frame.width, height: roundEven((frame.height * frameAspect) / inputAspect, 1) }
      : { width: roundEven((frame.width * inputAspect) / frameAspect, 1), height: frame.height };
  const exactAspect =
    aspect === "auto"
      ? rational(input.width.num * input.height.den, input.width.den * input.height.num)
      : rational(aspect.num, aspect.den);
  const pixelAspect = exactAspect && rational(exactAspect.num * frame.height, exactAspect.den * frame.width);
  const whole = { ...scaled, x: 0, y: 0 };
  const placement = { scaled, crop: whole, content: centred(scaled, frame), frame };
  return {
    placement,
    pixelAspect: resolution === "auto" && aspect === "auto" ? { num: 1, den: 1 } : (pixelAspect ?? { num: 1, den: 1 }),
  };
}

/** The nearest even number, exact ties down, never below 2: 405 becomes 404, 853.3 becomes 854. */
export function roundEven(num: number, den: number): number {
  return Math.max(2, 2 * Math.ceil(num / den / 2 - 0.5));
}

/** Even offsets: chroma of 4:2:0 has no odd rows and columns. */
function centred(inner: Size, outer: Size): Rect {
  return {
    ...inner,
    x: 2 * Math.floor((outer.width - inner.width) / 4),
    y: 2 * Math.floor((outer.height - inner.height) / 4),
  };
}

function scaledSize(input: ExactSize, box: Size, sizing: SizingPolicy): Size {
  if (sizing === "Stretch") return { width: roundEven(box.width, 1), height: roundEven(box.height, 1) };
  const width = toNumber(input.width);
  const height = toNumber(input.height);
  const byWidth = box.width / width;
  const byHeight = box.height / height;
  const ratio =
    sizing === "Keep" ? "same" : sizing.endsWith("Fill") ? pick(byWidth >= byHeight) : pick(byWidth <= byHeight);
  const isEnlarged = ratio === "width" ? byWidth > 1 : byHeight > 1;
  if (ratio === "same" || (isEnlarged && sizing.startsWith("Shrink"))) {
    return {
      width: roundEven(input.width.num, input.width.den),
      height: roundEven(input.height.num, input.height.den),
    };
  }
  // One division of whole numbers, so that a tie is a tie and not 404.99999.
  const { width: w, height: h } = input;
  return ratio === "width"
    ? { width: roundEven(box.width, 1), height: roundEven(h.num * box.width * w.den, h.den * w.num) }
    : { width: roundEven(w.num * box.height * h.den, w.den * h.num), height: roundEven(box.height, 1) };
}

function pick(isWidth: boolean): "width" | "height" {
  return isWidth ? "width" : "height";
}
