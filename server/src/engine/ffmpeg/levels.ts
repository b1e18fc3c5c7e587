/**
 * Limits of the H.264 levels that presets name.
 *
 * @see ITU-T H.264, table A-1
 */

export type Level = { dpbMacroblocks: number; maxKbit: number; maxKbitHigh: number; allowsInterlacing: boolean };

const table: Readonly<Record<string, readonly [dpb: number, kbit: number, kbitHigh: number]>> = {
  "1": [396, 64, 80],
  "1b": [396, 128, 160],
  "1.1": [900, 192, 240],
  "1.2": [2376, 384, 480],
  "1.3": [2376, 768, 960],
  "2": [2376, 2000, 2500],
  "2.1": [4752, 4000, 5000],
  "2.2": [8100, 4000, 5000],
  "3": [8100, 10_000, 12_500],
  "3.1": [18_000, 14_000, 17_500],
  "3.2": [20_480, 20_000, 25_000],
  "4": [32_768, 20_000, 25_000],
  "4.1": [32_768, 50_000, 62_500],
};

export function levelNamed(name: string | undefined): Level | undefined {
  if (name === undefined || !Object.hasOwn(table, name)) return undefined;
  const [dpbMacroblocks, maxKbit, maxKbitHigh] = table[name]!;
  return { dpbMacroblocks, maxKbit, maxKbitHigh, allowsInterlacing: Number.parseFloat(name) >= 2.1 };
}

/** Reference frames that the decoder's picture buffer holds at this size, at most 16. */
export function maxReferenceFrames(level: Level, width: number, height: number): number {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  return Math.min(16, Math.max(1, Math.floor(level.dpbMacroblocks / macroblocks)));
}
