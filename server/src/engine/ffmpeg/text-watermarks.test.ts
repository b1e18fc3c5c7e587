import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTemplate } from "./text-watermarks.ts";

const variables = {
  jobId: "1385593498732-abc123",
  pipelineId: "1385593498000-pipe01",
  outputId: "2",
  key: "a/100%.mp4",
  inputKey: "in.mov",
  frameRate: { num: 25, den: 1 },
};

// template → what is read by drawtext, what is measured
const cases: [string, string, string][] = [
  ["© Acme {jobId}", "© Acme 1385593498732-abc123", "© Acme 1385593498732-abc123"],
  ["{outputId} {pipelineId} {inputKey}", "2 1385593498000-pipe01 in.mov", "2 1385593498000-pipe01 in.mov"],
  ["{date} {time}", "2013-11-27 23:04:58", "2013-11-27 23:04:58"],
  ["{key}", "a/100\\%.mp4", "a/100%.mp4"],
  ["{{jobId}} {{{outputId}}}", "{jobId} {2}", "{jobId} {2}"],
  [
    "{nobody} {constructor} {__proto__} {",
    "{nobody} {constructor} {__proto__} {",
    "{nobody} {constructor} {__proto__} {",
  ],
  ["%{pts}\\n", "\\%{pts}\\\\n", "%{pts}\\n"],
  ["a\nb\u202ec\u0000", "a b c ", "a b c "],
  ["{frame}", "%{eif:n:d:6}", "000000"],
];
for (const [template, source, sample] of cases) {
  test(`${JSON.stringify(template)} is drawn as ${JSON.stringify(sample)}`, () => {
    assert.deepEqual(renderTemplate(template, variables), { source, sample });
  });
}

/** The expressions are FFmpeg's; the few functions they use mean the same here. */
function evaluate(source: string, n: number): string {
  return source.replace(/%\{eif:(.*?):d:2\}/g, (_, expression: string) => {
    const script = `const {floor, max} = Math; const mod = (a, b) => a % b; return ${expression};`;
    return String(new Function("n", script)(n)).padStart(2, "0");
  });
}

// rate, frame → time code
const timecodes: [number, number, number, string][] = [
  [25, 1, 0, "00:00:00:00"],
  [25, 1, 24, "00:00:00:24"],
  [25, 1, 25 * 3661 + 3, "01:01:01:03"],
  [24_000, 1001, 24, "00:00:01:00"],
  [30, 1, 1800, "00:01:00:00"],
  // Drop-frame: numbers 0 and 1 are left out at every minute but each tenth.
  [30_000, 1001, 1799, "00:00:59;29"],
  [30_000, 1001, 1800, "00:01:00;02"],
  [30_000, 1001, 17_981, "00:09:59;29"],
  [30_000, 1001, 17_982, "00:10:00;00"],
  [30_000, 1001, 107_892, "01:00:00;00"],
  [60_000, 1001, 3600, "00:01:00;04"],
  [60_000, 1001, 35_964, "00:10:00;00"],
];
for (const [num, den, frame, expected] of timecodes) {
  test(`frame ${frame} at ${num}/${den} is ${expected}`, () => {
    const { source, sample } = renderTemplate("{timecode}", { ...variables, frameRate: { num, den } });
    assert.equal(evaluate(source, frame), expected);
    assert.equal(sample.length, expected.length);
  });
}
