import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { oneCollection } from "./select-fragments.ts";

/** Seconds by the producer's clock and by the server's; numbers follow from the order. */
function arrived(times: readonly (readonly [producer: number, server: number])[]): StoredFragment[] {
  return times.map(([producer, server], i) => ({
    streamId: "s",
    number: String(i).padStart(47, "0"),
    producerTimestamp: producer * 1000,
    serverTimestamp: server * 1000,
    durationMs: 2000,
    clusterFrom: 0,
    clusterTo: 0,
    headerId: "h",
    bodyBytes: 0,
    tagsBytes: 0,
    dataKey: 0,
    place: { pack: "p", from: 0, sizeBytes: 0 },
  }));
}

const cases: [string, (readonly [number, number])[], number[]][] = [
  [
    "takes what came in order as it is",
    [
      [0, 0],
      [2, 2],
      [4, 4],
    ],
    [0, 1, 2],
  ],
  [
    "puts what came late in its place",
    [
      [0, 0],
      [4, 4],
      [2, 5],
    ],
    [0, 2, 1],
  ],
  [
    "takes the higher number of two with one start",
    [
      [0, 0],
      [2, 2],
      [2, 9],
      [4, 10],
    ],
    [0, 2, 3],
  ],
  [
    "keeps those that overlap",
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    [0, 1, 2],
  ],
  [
    "goes on after hours of silence",
    [
      [0, 0],
      [2, 2],
      [20_000, 20_000],
    ],
    [0, 1, 2],
  ],
  [
    "leaves out another upload of the same time",
    [
      [0, 0],
      [2, 2],
      [0, 9000],
      [2, 9002],
      [4, 9004],
    ],
    [0, 1],
  ],
  [
    "leaves out a later upload of what was before",
    [
      [100, 0],
      [102, 2],
      [0, 9000],
      [2, 9002],
    ],
    [0, 1],
  ],
];

for (const [name, times, expected] of cases) {
  test(name, () => {
    const fragments = arrived(times);
    // In whatever order they are read.
    for (const order of [fragments, fragments.toReversed()]) {
      assert.deepEqual(
        oneCollection(order).map(({ number }) => Number(number)),
        expected,
      );
    }
  });
}
