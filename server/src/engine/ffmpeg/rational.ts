/**
 * Exact fractions for frame rates and aspect ratios: 30000/1001 is not 29.97.
 */

export type Rational = { num: number; den: number };

export const one: Rational = { num: 1, den: 1 };

/** Reads `30000/1001`, `16:9` or `25`. `undefined` for anything else, and for zero on either side. */
export function parseRational(text: string | undefined): Rational | undefined {
  const match = /^(\d{1,12})(?:[/:](\d{1,12}))?$/.exec(text ?? "");
  if (!match) return undefined;
  return rational(Number(match[1]), Number(match[2] ?? 1));
}

/** In lowest terms; `undefined` unless both are positive. */
export function rational(num: number, den: number): Rational | undefined {
  if (!(num > 0 && den > 0 && Number.isSafeInteger(num) && Number.isSafeInteger(den))) return undefined;
  const divisor = greatestCommonDivisor(num, den);
  return { num: num / divisor, den: den / divisor };
}

export function toNumber({ num, den }: Rational): number {
  return num / den;
}

/** `30000/1001`, or `25` where the denominator is one: the form FFmpeg's options take. */
export function toText({ num, den }: Rational): string {
  return den === 1 ? `${num}` : `${num}/${den}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
