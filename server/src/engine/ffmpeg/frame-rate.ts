/**
 * Which frame rate an output gets: fixed, or the input's under a maximum.
 */
import { type Rational, rational, toNumber } from "./rational.ts";

const supported: readonly Rational[] = [
  { num: 10, den: 1 },
  { num: 15, den: 1 },
  { num: 24_000, den: 1001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30_000, den: 1001 },
  { num: 30, den: 1 },
  { num: 50, den: 1 },
  { num: 60_000, den: 1001 },
  { num: 60, den: 1 },
];

/** The API's names: `23.97` and `29.97` mean the fractions over 1001. `undefined` for `auto` and what is no number. */
export function parseFrameRate(text: string | null | undefined): Rational | undefined {
  const match = /^(\d{1,5})(?:\.(\d{1,5}))?$/.exec(text ?? "");
  if (!match) return undefined;
  const value = Number(text);
  return nearestSupported(value, 0.001) ?? rational(Math.round(value * 1000), 1000);
}

export type FrameRateSettings = { FrameRate?: string; MaxFrameRate?: string };

/**
 * Fixed, or auto: the input's rate, and above the maximum (default 30) the highest rate that divides the input's evenly.
 * An input of varying rate gets the next supported rate at or above its average, so that no frame is lost.
 */
export function planFrameRate(settings: FrameRateSettings, input: { rate: Rational; isVariable: boolean }): Rational {
  const fixed = parseFrameRate(settings.FrameRate);
  if (fixed) return fixed;
  const max = toNumber(parseFrameRate(settings.MaxFrameRate) ?? { num: 30, den: 1 }) * 1.0005;
  const rate = settle(input);
  if (toNumber(rate) <= max) return rate;
  const least = Math.ceil(toNumber(rate) / max);
  for (let divisor = least; divisor <= least * 4; divisor++) {
    const divided = nearestSupported(toNumber(rate) / divisor, 0.0005);
    if (divided) return divided;
  }
  return rational(rate.num, rate.den * least) ?? { num: 30, den: 1 };
}

/** Measured rates come a little off (29.98, 23.976): within half a per cent a supported one is meant. */
function settle({ rate, isVariable }: { rate: Rational; isVariable: boolean }): Rational {
  const value = toNumber(rate);
  const near = nearestSupported(value, isVariable ? 0.005 : 0.0005);
  if (near) return near;
  if (!isVariable) return rate;
  return supported.find((candidate) => value <= toNumber(candidate)) ?? { num: 60, den: 1 };
}

function nearestSupported(value: number, tolerance: number): Rational | undefined {
  return supported
    .filter((candidate) => Math.abs(toNumber(candidate) / value - 1) <= tolerance)
    .sort((a, b) => Math.abs(toNumber(a) - value) - Math.abs(toNumber(b) - value))[0];
}
