/**
 * From Matroska's times, which are of presentation alone, to those of MP4 and MPEG-TS, which are also of decoding.
 */

export type Timescale = {
  /** Units a second. */
  timescale: number;
  /** From ticks of the document's TimestampScale, rounded where they do not fall on a unit. */
  fromTicks(ticks: number): number;
};

/** Finer clocks leave 32 bits for too short a duration, and no camera has one. */
const finestTimescale = 10_000_000;
const roundedTimescale = 1_000_000;

/**
 * The timescale in which every tick is a whole number: 1000 for ticks of a millisecond. Where a second is no whole
 * number of ticks, or ticks are shorter than 100 ns, microseconds, rounded.
 *
 * @param timestampScale nanoseconds a tick
 */
export function timescaleOf(timestampScale: number): Timescale {
  const exact = 1e9 / timestampScale;
  if (Number.isInteger(exact) && exact <= finestTimescale) return { timescale: exact, fromTicks: (ticks) => ticks };
  return rescaled(timestampScale, roundedTimescale);
}

/** Any timescale, with rounding. */
export function rescaled(timestampScale: number, timescale: number): Timescale {
  const factor = (timestampScale * timescale) / 1e9;
  return { timescale, fromTicks: (ticks) => Math.round(ticks * factor) };
}

/**
 * Decode times of a fragment's frames, which stand in decoding order: their presentation times, sorted, and earlier by
 * the least delay with which no frame is shown before it is decoded, yet none before the first is shown.
 *
 * So a fragment lies between its own first picture and that of the next, whatever B-frames it or others have, and no
 * state is carried. The first frames follow one another by one unit, until the delay is won. Simpler rules were tried:
 * with the whole delay, hls.js takes the first decode time for the start and leaves a hole as long at every
 * discontinuity; without any, in signed composition offsets, FFmpeg shows fragments too late by it.
 *
 * @param presentation in any unit
 * @returns also the sorted times, by which frames are shown one after another
 * @throws RangeError for a time before zero, or past 2^53
 */
export function decodeTimes(presentation: readonly number[]): { decode: readonly number[]; shown: readonly number[] } {
  const shown = sort(presentation);
  const delay = reorderDelay(presentation, shown);
  if (delay === 0) return { decode: shown, shown };
  const start = shown[0]!;
  return { decode: shown.map((time, i) => Math.max(time - delay, Math.min(time, start + i))), shown };
}

/**
 * As `decodeTimes`, with the whole delay from the first frame on. It is never less than the stream's own word,
 * `reorderFrames` mean frame durations, so that it is the same for fragments that use fewer B-frames than others.
 */
export function delayedDecodeTimes(presentation: readonly number[], reorderFrames = 0): readonly number[] {
  const shown = sort(presentation);
  const last = shown.length - 1;
  const frameDuration = 0 < last ? (shown[last]! - shown[0]!) / last : 0;
  const delay = Math.max(Math.round(reorderFrames * frameDuration), reorderDelay(presentation, shown));
  return shown.map((time) => Math.max(0, time - delay));
}

function sort(times: readonly number[]): readonly number[] {
  let sorted = times;
  for (let i = 1; i < times.length && sorted === times; i++) {
    if (times[i]! < times[i - 1]!) sorted = times.toSorted((a, b) => a - b);
  }
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  if (0 <= first && last <= Number.MAX_SAFE_INTEGER) return sorted;
  throw new RangeError(`frames cannot be shown from ${first} to ${last}`);
}

/** The least that must be subtracted from all decode times so that none is later than its presentation time. */
export function reorderDelay(presentation: readonly number[], decode: readonly number[]): number {
  let delay = 0;
  for (let i = 0; i < decode.length; i++) delay = Math.max(delay, decode[i]! - presentation[i]!);
  return delay;
}
