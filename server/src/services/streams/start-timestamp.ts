/**
 * When a producer began, in the forms that producers write.
 *
 * The C producer leaves out the leading zeros of the milliseconds, and means .5 for 5 ms. Read as the decimal that it is, as
 * the service reads it; only RELATIVE timecodes depend on it.
 */

/** Milliseconds since the epoch; NaN for what is no time. */
export function parseStartTimestamp(text: string): number {
  if (/^\d{1,12}(\.\d*)?$/.test(text)) return Math.round(Number(text) * 1000);
  return /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
}
