/**
 * `stbl`: where every sample of a track lies, how long it lasts, and when it is composed.
 *
 * @see ISO/IEC 14496-12, 8.5 to 8.7
 */
import { box, fullBox, u32, u32s } from "./boxes.ts";
import { sampleDescriptions } from "./movie.ts";

export type SampleRun = {
  /** Sample entries; chunks name them by index. */
  entries: Uint8Array[];
  /** Samples side by side, from `offset` in the media data. */
  chunks: { offset: number; samples: number; entry: number }[];
  sizes: number[];
  keyframes: boolean[];
  /** Of the last sample, in the timescale. */
  lastDuration: number;
};

export type SamplePlacement = {
  durations: readonly number[];
  /** Of composition, not negative. */
  offsets: readonly number[];
  /** Where the media data begins in the file. */
  dataFrom: number;
  /** Whether places in the file need 64 bits. */
  wide: boolean;
};

export function buildSampleTable(run: SampleRun, { durations, offsets, dataFrom, wide }: SamplePlacement): Uint8Array {
  const { entries, chunks, sizes, keyframes } = run;
  const places = chunks.map(({ offset }) => dataFrom + offset);
  return box(
    "stbl",
    sampleDescriptions(entries),
    fullBox("stts", 0, 0, runLengths(durations)),
    offsets.some((offset) => offset !== 0) ? fullBox("ctts", 0, 0, runLengths(offsets)) : [],
    keyframes.every((key) => key)
      ? []
      : fullBox("stss", 0, 0, counted(keyframes.flatMap((key, i) => (key ? i + 1 : [])))),
    fullBox("stsc", 0, 0, chunkRuns(chunks)),
    fullBox("stsz", 0, 0, u32(0, sizes.length), u32s(sizes)),
    wide
      ? fullBox(
          "co64",
          0,
          0,
          u32(places.length),
          u32s(places.flatMap((at) => [Math.floor(at / 2 ** 32), at % 2 ** 32])),
        )
      : fullBox("stco", 0, 0, counted(places)),
  );
}

function counted(values: readonly number[]): readonly Uint8Array[] {
  return [u32(values.length), u32s(values)];
}

/** A count of runs, then for each how often the value stands, and the value. */
function runLengths(values: readonly number[]): readonly Uint8Array[] {
  const runs: number[] = [];
  for (const [i, value] of values.entries()) {
    if (0 < i && value === values[i - 1]) runs[runs.length - 2]!++;
    else runs.push(1, value);
  }
  return [u32(runs.length / 2), u32s(runs)];
}

/** A row wherever a chunk differs from the one before it: its number, its samples, its sample entry. */
function chunkRuns(chunks: SampleRun["chunks"]): readonly Uint8Array[] {
  const rows = chunks.flatMap(({ samples, entry }, i) => {
    const before = chunks[i - 1];
    return before?.samples === samples && before.entry === entry ? [] : [i + 1, samples, entry + 1];
  });
  return [u32(rows.length / 3), u32s(rows)];
}
