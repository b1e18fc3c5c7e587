import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeFields, parseFieldCounts } from "./interlacing.ts";

// flag, pictures (top, bottom, progressive) → verdict
const cases: [Parameters<typeof judgeFields>[0], [number, number, number] | undefined, boolean, string][] = [
  ["top", [180, 0, 20], true, "top"],
  ["bottom", [0, 180, 20], true, "bottom"],
  ["bottom", [180, 3, 0], true, "top"],
  ["top", [3, 2, 190], false, "progressive"],
  ["top", [0, 0, 0], true, "top"],
  ["bottom", [30, 28, 60], true, "bottom"],
  ["top", undefined, true, "top"],
  ["unknown", [150, 2, 10], true, "top"],
  ["unknown", [5, 2, 0], false, "progressive"],
  ["unknown", [40, 0, 60], false, "progressive"],
  ["unknown", undefined, false, "unknown"],
];

for (const [flag, pictures, isInterlaced, fieldOrder] of cases) {
  test(`flagged ${flag}, pictures ${pictures ?? "unseen"}: ${isInterlaced ? "interlaced" : "progressive"}`, () => {
    const [top, bottom, progressive] = pictures ?? [0, 0, 0];
    const counts = pictures && { top, bottom, progressive, undetermined: 0 };
    assert.deepEqual(judgeFields(flag, counts), { isInterlaced, fieldOrder });
  });
}

test("reads the last summary", () => {
  const log = `[Parsed_idet_0 @ 0x1] Multi frame detection: TFF:     0 BFF:     0 Progressive:     1 Undetermined:     0
[Parsed_idet_0 @ 0x1] Single frame detection: TFF:    90 BFF:     3 Progressive:     2 Undetermined:     5
[Parsed_idet_0 @ 0x1] Multi frame detection: TFF:    97 BFF:     1 Progressive:     2 Undetermined:     0`;
  assert.deepEqual(parseFieldCounts(log), { top: 97, bottom: 1, progressive: 2, undetermined: 0 });
  assert.equal(parseFieldCounts("nothing of the kind"), undefined);
});
