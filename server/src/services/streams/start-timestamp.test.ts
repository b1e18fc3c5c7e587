import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStartTimestamp } from "./start-timestamp.ts";

test("reads the start of a session as every producer writes it", () => {
  for (const [text, ms] of [
    ["1600000000", 1_600_000_000_000],
    ["1600000000.500", 1_600_000_000_500],
    ["1600000000.56", 1_600_000_000_560],
    ["1600000000.5", 1_600_000_000_500],
    ["1600994737.3650000095", 1_600_994_737_365],
    ["2020-09-13T12:26:40.123Z", 1_600_000_000_123],
    ["2020-09-13T12:26:40Z", 1_600_000_000_000],
    ["yesterday", Number.NaN],
    ["-5", Number.NaN],
    ["1e9", Number.NaN],
    ["", Number.NaN],
  ] as const) {
    assert.equal(parseStartTimestamp(text), ms, text);
  }
});
