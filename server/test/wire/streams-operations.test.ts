import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { modelOf } from "../../src/edge/model/models.ts";
import * as notDone from "../../src/services/streams/not-done.ts";
import * as done from "../../src/services/streams/service.ts";

const services: { model: string; operations: object; notDone: object }[] = [
  { model: "kinesis-video", operations: done.controlOperations, notDone: notDone.controlNotDone },
  { model: "kinesis-video-media", operations: done.mediaOperations, notDone: notDone.mediaNotDone },
  {
    model: "kinesis-video-archived-media",
    operations: done.archivedMediaOperations,
    notDone: notDone.archivedMediaNotDone,
  },
  { model: "kinesis-video-signaling", operations: done.signalingOperations, notDone: notDone.signalingNotDone },
];

for (const { model, operations, notDone } of services) {
  test(`serves every operation of ${model}, or says by name why not`, () => {
    const known = [...modelOf(model).operations.keys()];
    assert.deepEqual([...Object.keys(operations), ...Object.keys(notDone)].toSorted(), known.toSorted());
    for (const [name, reason] of Object.entries(notDone)) assert.match(reason, /^[A-Z].*\.$/, name);
  });
}

test("has every operation in the tables of docs/kinesis-video.md, as served or not", () => {
  const text = readFileSync(new URL("../../../docs/kinesis-video.md", import.meta.url), "utf8");
  const section = text.split("\n## ").find((part) => part.startsWith("Operations"))!;
  const rows = [...section.matchAll(/^\| ([A-Z].*?) \| (yes|not yet|no) \|/gm)];
  const told = rows.flatMap(([, names, state]) => names!.split(", ").map((name) => [name, state === "yes"] as const));
  const known = services.flatMap(({ model, operations }) =>
    [...modelOf(model).operations.keys()].map((name) => [name, Object.hasOwn(operations, name)] as const),
  );
  assert.deepEqual(Object.fromEntries(told.toSorted()), Object.fromEntries(known.toSorted()));
  assert.equal(told.length, known.length);
});
