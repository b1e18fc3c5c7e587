import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTally, tellStories } from "./simulate.ts";

test("60 stories of producers, broken connections and crashes lose nothing that was PERSISTED", async (t) => {
  const tally = await tellStories(0, 60, "put-media");
  t.diagnostic(describeTally(tally));
  assert.ok(60 <= [...tally.crashes.values()].reduce((sum, count) => sum + count, 0), "there are many crashes");
  assert.ok(tally.acknowledged < tally.submitted, "some fragments are received and not stored");
  assert.deepEqual(await tellStories(7, 10, "put-media"), await tellStories(7, 10, "put-media"));
});
