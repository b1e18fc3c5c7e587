import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDate } from "./operators.ts";

const dates: readonly [text: string, iso: string | undefined][] = [
  ["2026", "2026-01-01T00:00:00.000Z"],
  ["2026-03", "2026-03-01T00:00:00.000Z"],
  ["2026-03-04", "2026-03-04T00:00:00.000Z"],
  ["2026-03-04T05:06Z", "2026-03-04T05:06:00.000Z"],
  ["2026-03-04T05:06:07", "2026-03-04T05:06:07.000Z"],
  ["2026-03-04T05:06:07Z", "2026-03-04T05:06:07.000Z"],
  ["2026-03-04T05:06:07.5Z", "2026-03-04T05:06:07.500Z"],
  ["2026-03-04T05:06:07.123456789Z", "2026-03-04T05:06:07.123Z"],
  ["2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07.000Z"],
  ["2026-03-04T05:06:07-0130", "2026-03-04T06:36:07.000Z"],
  ["2026-03-04T23:59:59+23:59", "2026-03-04T00:00:59.000Z"],
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["1772600767", "2026-03-04T05:06:07.000Z"],
  ["1772600767.25", "2026-03-04T05:06:07.250Z"],
  ["0", "1970-01-01T00:00:00.000Z"],
  ["-1", "1969-12-31T23:59:59.000Z"],
  ["2026-02-29", undefined],
  ["2026-04-31", undefined],
  ["2026-13-01", undefined],
  ["2026-00-01", undefined],
  ["2026-03-04T25:00Z", undefined],
  ["2026-03-04T05:60Z", undefined],
  ["2026-03-04T05:06:07+24:00", undefined],
  ["2026-03-04T05Z", undefined],
  ["2026-03-04 05:06:07", undefined],
  ["2026-3-4", undefined],
  ["2026-03-04Z", undefined],
  ["26-03-04", undefined],
  ["03/04/2026", undefined],
  ["", undefined],
  ["now", undefined],
];

test("reads dates", () => {
  for (const [text, iso] of dates) {
    const found = parseDate(text);
    assert.equal(found === undefined ? undefined : new Date(found).toISOString(), iso, text);
  }
});
