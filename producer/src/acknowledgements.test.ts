import assert from "node:assert/strict";
import { test } from "node:test";
import { AcknowledgementParser, isRetriable } from "./acknowledgements.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** As the service was recorded to send them, and as its reference wraps them. */
const cases: [what: string, text: string, expected: object[]][] = [
  [
    "one after another",
    `{"EventType":"BUFFERING","FragmentTimecode":1600994737365,"FragmentNumber":"9134"}\n{"EventType":"RECEIVED","FragmentTimecode":1600994737365,"FragmentNumber":"9134"}\r\n`,
    [
      { kind: "BUFFERING", timecode: 1600994737365, fragmentNumber: "9134" },
      { kind: "RECEIVED", timecode: 1600994737365, fragmentNumber: "9134" },
    ],
  ],
  [
    "an error without a fragment",
    `{"EventType":"ERROR","ErrorCode":"INVALID_MKV_DATA","ErrorId":4006}`,
    [{ kind: "ERROR", errorId: 4006, errorCode: "INVALID_MKV_DATA" }],
  ],
  ["wrapped", `{"Acknowledgement":{"EventType":"IDLE"}}`, [{ kind: "IDLE" }]],
  [
    "braces and quotes in strings",
    `{"EventType":"ERROR","ErrorCode":"a}\\"{\\\\","ErrorId":1}{"EventType":"IDLE"}`,
    [{ kind: "ERROR", errorId: 1, errorCode: 'a}"{\\' }, { kind: "IDLE" }],
  ],
  ["kinds to come, and noise between", `{"EventType":"ARCHIVED"} x {"EventType":"IDLE"}`, [{ kind: "IDLE" }]],
  [
    "numbers of another type",
    `{"EventType":"PERSISTED","FragmentTimecode":"7","FragmentNumber":7}`,
    [{ kind: "PERSISTED" }],
  ],
];

for (const [what, text, expected] of cases) {
  test(`reads acknowledgements in chunks of any size: ${what}`, () => {
    const whole = bytes(text);
    for (const size of [1, 2, 7, whole.length]) {
      const parser = new AcknowledgementParser();
      const found = [];
      for (let at = 0; at < whole.length; at += size) found.push(...parser.push(whole.subarray(at, at + size)));
      assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);
    }
  });
}

test("refuses an object that is no JSON, or that does not end", () => {
  assert.throws(() => new AcknowledgementParser().push(bytes("{EventType}")), { code: "ConnectionEnded" });
  assert.throws(() => new AcknowledgementParser().push(bytes(`{"a":"${"x".repeat(20_000)}`)), {
    code: "ConnectionEnded",
  });
});

test("tells errors that may pass from fragments that are refused", () => {
  for (const id of [4000, 4003, 5000, 5001, 6000, undefined]) assert.equal(isRetriable(id), true, String(id));
  for (const id of [4001, 4002, 4004, 4006, 4009, 4012, 4500, 4507]) assert.equal(isRetriable(id), false, String(id));
});
