import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { printSnapshot, snapshotFile, snapshots, takeSnapshot } from "../../../../scripts/snapshot-models.ts";

for (const [name, source] of Object.entries(snapshots)) {
  test(`${name}.json is what ${source} says; if not, run scripts/snapshot-models.ts`, async () => {
    assert.equal(readFileSync(snapshotFile(name), "utf8"), printSnapshot(await takeSnapshot(source)));
  });
}
