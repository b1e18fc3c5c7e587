import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { repeat } from "./repeat.ts";

test("does work again after a failure, never twice at once, and waits for it when closed", async () => {
  let runs = 0;
  let atOnce = 0;
  const failures: unknown[] = [];
  const repeated = repeat(
    1,
    async (signal) => {
      runs++;
      assert.equal(++atOnce, 1);
      await sleep(5);
      atOnce--;
      if (runs === 1) throw new Error("the first one");
      while (runs === 3 && !signal.aborted) await sleep(1);
    },
    (error) => failures.push(error),
  );
  while (runs < 3) await sleep(1);
  await repeated.close();
  assert.deepEqual([runs, atOnce, failures.map(String)], [3, 0, ["Error: the first one"]]);
  await sleep(5);
  assert.equal(runs, 3);
});
