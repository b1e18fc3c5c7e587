import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrameRate, planFrameRate } from "./frame-rate.ts";
import { parseRational, toText } from "./rational.ts";

// input, varies, FrameRate, MaxFrameRate → output
const cases: [string, boolean, string | undefined, string | undefined, string][] = [
  ["25/1", false, "29.97", undefined, "30000/1001"],
  ["25/1", false, "23.97", undefined, "24000/1001"],
  ["25/1", false, "60", undefined, "60"],
  ["25/1", false, "auto", undefined, "25"],
  ["24000/1001", false, undefined, undefined, "24000/1001"],
  ["50/1", false, "auto", undefined, "25"],
  ["50/1", false, "auto", "30", "25"],
  ["50/1", false, "auto", "60", "50"],
  ["60/1", false, "auto", "30", "30"],
  ["60000/1001", false, "auto", "30", "30000/1001"],
  ["60000/1001", false, "auto", "29.97", "30000/1001"],
  ["60000/1001", false, "auto", "60", "60000/1001"],
  ["30/1", false, "auto", "25", "15"],
  ["30/1", false, "auto", "29.97", "15"],
  ["48/1", false, "auto", undefined, "24"],
  ["120/1", false, "auto", undefined, "30"],
  ["240/1", false, "auto", "60", "60"],
  ["37/1", false, "auto", undefined, "37/2"],
  ["15/1", false, "auto", undefined, "15"],
  ["59/4", false, "auto", undefined, "59/4"],
  ["10505/1000", true, "auto", undefined, "15"],
  ["16746/1000", true, "auto", undefined, "24000/1001"],
  ["29957/1000", true, "auto", undefined, "30000/1001"],
  ["90/1", true, "auto", "60", "60"],
];

for (const [input, isVariable, FrameRate, MaxFrameRate, expected] of cases) {
  test(`${input}${isVariable ? " varying" : ""} with ${FrameRate ?? "nothing"} and at most ${MaxFrameRate ?? "nothing"} is ${expected}`, () => {
    const planned = planFrameRate({ FrameRate, MaxFrameRate }, { rate: parseRational(input)!, isVariable });
    assert.equal(toText(planned), expected);
  });
}

test("reads the API's rates and nothing else", () => {
  assert.deepEqual(parseFrameRate("29.97"), { num: 30_000, den: 1001 });
  assert.deepEqual(parseFrameRate("12.5"), { num: 25, den: 2 });
  for (const text of ["auto", "", "0", "-1", "1e3", null, undefined]) assert.equal(parseFrameRate(text), undefined);
});
