import assert from "node:assert/strict";
import test from "node:test";
import { modelOf } from "../../src/edge/model/models.ts";
import { notDone } from "../../src/services/s3/not-done.ts";
import { operations } from "../../src/services/s3/service.ts";

test("serves every operation of S3's model, or says by name why not", () => {
  const known = [...modelOf("s3").operations.keys()].filter((name) => name !== "PostObject");
  assert.deepEqual([...Object.keys(operations), ...Object.keys(notDone)].toSorted(), known.toSorted());
  for (const [name, reason] of Object.entries(notDone)) assert.match(reason, /^[A-Z].*\.$/, name);
});
