import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "./progress.ts";

test("percents of job and outputs rise, never fall, and reach 100 only at the end", () => {
  let now = 0;
  const progress = new Progress(["1", "2"], () => now);
  const at = (percent: number, one: number, two: number) => {
    now += 1000;
    progress.transcode({
      stage: "transcoding",
      percent,
      speed: 2,
      outputs: [
        { id: "1", percent: one },
        { id: "2", percent: two },
      ],
    });
    return progress.unwritten();
  };
  assert.equal(progress.unwritten()!.stage, "waiting");
  progress.transcode({ stage: "probing", percent: 50, outputs: [] });
  assert.deepEqual([progress.unwritten()!.stage, progress.unwritten()], ["probing", undefined]);
  at(0, 0, 0);
  const middle = at(50, 40, 60)!;
  assert.deepEqual([middle.percent, middle.outputs.map(({ percent }) => percent)], [48.5, [38.8, 58.2]]);
  assert.deepEqual([middle.speed, middle.etaSeconds], [2, 1]);
  const back = at(20, 10, 20)!;
  assert.deepEqual([back.percent, back.outputs.map(({ percent }) => percent)], [48.5, [38.8, 58.2]]);
  assert.equal(at(100, 100, 100)!.percent, 97);
  progress.store(1);
  assert.deepEqual([progress.unwritten()!.percent, progress.unwritten()], [99.9, undefined]);
  assert.deepEqual(
    [progress.done(["1", "2"]).percent, progress.done(["1", "2"]).outputs.map(({ percent }) => percent)],
    [100, [100, 100]],
  );
});

test("a job with a failed output does not say 100", () => {
  const progress = new Progress(["1", "2"], () => 0);
  progress.store(0);
  const { percent, outputs } = progress.done(["2"]);
  assert.deepEqual([percent, outputs[1]!.percent], [97, 100]);
});
