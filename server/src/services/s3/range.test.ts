import assert from "node:assert/strict";
import test from "node:test";
import { parseRange } from "./range.ts";

test("reads a Range header as S3 does", () => {
  for (const [header, size, expected] of [
    [undefined, 10, "whole"],
    ["bytes=0-3", 10, { from: 0, to: 4 }],
    ["bytes=0-0", 10, { from: 0, to: 1 }],
    ["bytes=3-", 10, { from: 3, to: 10 }],
    ["bytes=-3", 10, { from: 7, to: 10 }],
    ["bytes=-30", 10, { from: 0, to: 10 }],
    ["bytes=5-99999999999999999999", 10, { from: 5, to: 10 }],
    ["bytes=9-9", 10, { from: 9, to: 10 }],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=10-20", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=-1", 0, "unsatisfiable"],
    ["bytes=0-1,3-4", 10, "whole"],
    ["bytes=4-3", 10, "whole"],
    ["bytes=-", 10, "whole"],
    ["bytes=a-b", 10, "whole"],
    ["bytes 0-3", 10, "whole"],
    ["items=0-3", 10, "whole"],
    ["", 10, "whole"],
  ] as const) {
    assert.deepEqual(parseRange(header, size), expected, `${header} of ${size}`);
  }
});
