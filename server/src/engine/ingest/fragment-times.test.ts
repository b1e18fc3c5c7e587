import assert from "node:assert/strict";
import { test } from "node:test";
import { FragmentTimes } from "./fragment-times.ts";

type Frame = [timestamp: number, track?: number, duration?: number];

const cases: [what: string, frames: Frame[], defaultTicks: number | undefined, expected: number][] = [
  ["the last frame lasts as long as the one before it", [[100], [140], [180]], undefined, 120],
  ["frames that are shown before those they follow", [[100], [220], [140], [180], [300], [260]], undefined, 240],
  ["a frame alone says nothing", [[100]], undefined, 0],
  ["a frame alone lasts as long as its track says", [[100]], 40, 40],
  ["a track's default goes before what is measured", [[100], [150]], 40, 90],
  ["a frame's own duration goes before all", [[100], [140, 1, 25]], 40, 65],
  ["the same time twice", [[100], [140], [140]], undefined, 80],
  ["the track that ends last counts", [[100], [140], [100, 2], [180, 2]], undefined, 160],
  ["all before the start", [[90], [95]], undefined, 0],
];

for (const [what, frames, defaultTicks, expected] of cases) {
  test(what, () => {
    const times = new FragmentTimes();
    for (const [timestamp, track = 1, duration] of frames) {
      times.take({ track, timestamp, ...(duration === undefined ? {} : { duration }) });
    }
    assert.equal(
      times.durationFrom(100, () => defaultTicks),
      expected,
    );
    assert.deepEqual([times.has(1), times.has(3)], [true, false]);
  });
}
