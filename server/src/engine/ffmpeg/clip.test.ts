import assert from "node:assert/strict";
import { test } from "node:test";
import { checkClip, clipSeconds, parseClip, parseTime } from "./clip.ts";

const times: [string | null | undefined, number | undefined][] = [
  ["0", 0],
  ["12.5", 12.5],
  ["86399.999", 86_399.999],
  ["1:30", 90],
  ["00:01:30.250", 90.25],
  ["23:59:59.999", 86_399.999],
  ["", undefined],
  [null, undefined],
  ["-1", undefined],
  ["1:2:3:4", undefined],
];
for (const [text, seconds] of times) test(`${text} is ${seconds} s`, () => assert.equal(parseTime(text), seconds));

// start, duration, input → code or warning, length
const clips: [
  string | undefined,
  string | undefined,
  number | undefined,
  number | "warning" | "fine",
  number | undefined,
][] = [
  [undefined, undefined, 10, "fine", 10],
  ["2", "5", 10, "fine", 5],
  ["2", "8.01", 10, "fine", 8],
  ["2", "9", 10, "warning", 8],
  ["10", undefined, 10, 4014, 0],
  ["11", "1", 10, 4014, 0],
  ["11", "1", undefined, "fine", 1],
  ["0", "0", 10, "fine", 10],
];
for (const [StartTime, Duration, input, expected, seconds] of clips) {
  test(`from ${StartTime} for ${Duration} of ${input} s: ${expected}, ${seconds} s`, () => {
    const clip = parseClip({ StartTime, Duration });
    const { failure, warning } = checkClip(clip, input);
    assert.equal(failure?.code ?? (warning ? "warning" : "fine"), expected);
    assert.equal(clipSeconds(clip, input), seconds);
  });
}
