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
 * Decode times of frames that stand in decoding order: their presentation times, sorted, and all of them earlier by the
 * least delay with which no frame is shown before it is decoded. So they run as evenly as the pictures do.
 *
 * Each fragment is timed alone, yet its times must follow those of the fragment before, whose delay may differ: of two
 * groups of pictures, one may use fewer B-frames. Hence the delay is never less than the stream's own word,
 * `reorderFrames` mean frame durations, which holds for all fragments alike. Nothing is earlier than zero: there the
 * first times are bunched.
 *
 * @param presentation in any unit
 * @param reorderFrames see `Picture`
 * @throws RangeError for a time before zero, or past 2^53
 */
export function decodeTimes(presentation: readonly number[], reorderFrames = 0): { decode: number[]; delay: number } {
  const sorted = sort(presentation);
  const last = sorted.length - 1;
  if (!(0 <= (sorted[0] ?? 0) && (sorted[last] ?? 0) <= Number.MAX_SAFE_INTEGER))
    throw new RangeError(`frames cannot be shown from ${sorted[0]} to ${sorted[last]}`);
  const frameDuration = 0 < last ? (sorted[last]! - sorted[0]!) / last : 0;
  const delay = Math.max(Math.round(reorderFrames * frameDuration), reorderDelay(presentation, sorted));
  return { decode: sorted.map((time) => Math.max(0, time - delay)), delay };
}

function sort(times: readonly number[]): readonly number[] {
  for (let i = 1; i < times.length; i++) if (times[i]! < times[i - 1]!) return times.toSorted((a, b) => a - b);
  return times;
}

/** The least that must be subtracted from all decode times so that none is later than its presentation time. */
export function reorderDelay(presentation: readonly number[], decode: readonly number[]): number {
  let delay = 0;
  for (let i = 0; i < decode.length; i++) delay = Math.max(delay, decode[i]! - presentation[i]!);
  return delay;
}
