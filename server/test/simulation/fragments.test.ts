import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTally, tellStories } from "./simulate.ts";

const places = [
  "before the pack is written",
  "while the pack is written",
  "before the pack is durable",
  "after the pack is durable",
  "before the rows",
  "before the rows are committed",
  "after the rows are committed",
];

test("300 stories of crashes and failures break no promise, and none is told twice in different ways", async (t) => {
  const tally = await tellStories(0, 300);
  t.diagnostic(describeTally(tally));
  for (const place of places) assert.ok(10 <= (tally.crashes.get(place) ?? 0), `there are crashes ${place}`);
  assert.ok(1000 <= [...tally.crashes.values()].reduce((sum, count) => sum + count, 0), "there are a thousand crashes");
  assert.ok(tally.submitted / 4 < tally.acknowledged, "many fragments are stored all the same");
  assert.deepEqual(await tellStories(7, 10), await tellStories(7, 10));
});
