import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTally, tellStories } from "./simulate.ts";

test("150 stories of producers, broken connections and crashes lose nothing that was PERSISTED", async (t) => {
  const tally = await tellStories(0, 150, "put-media");
  t.diagnostic(describeTally(tally));
  assert.ok(150 <= [...tally.crashes.values()].reduce((sum, count) => sum + count, 0), "there are many crashes");
  assert.ok(tally.acknowledged < tally.submitted, "some fragments are received and not stored");
  assert.deepEqual(await tellStories(7, 12, "put-media"), await tellStories(7, 12, "put-media"));
});
