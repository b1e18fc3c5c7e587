import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRange } from "./range-server.ts";

const cases = [
  { header: undefined, of: 100, gives: undefined },
  { header: "bytes=0-", of: 100, gives: { from: 0, to: 100 } },
  { header: "bytes=10-19", of: 100, gives: { from: 10, to: 20 } },
  { header: "bytes=99-99", of: 100, gives: { from: 99, to: 100 } },
  { header: "bytes=90-1000", of: 100, gives: { from: 90, to: 100 } },
  { header: "bytes=-10", of: 100, gives: { from: 90, to: 100 } },
  { header: "bytes=-1000", of: 100, gives: { from: 0, to: 100 } },
  { header: "bytes=100-", of: 100, gives: "unsatisfiable" },
  { header: "bytes=-0", of: 100, gives: "unsatisfiable" },
  { header: "bytes=0-", of: 0, gives: "unsatisfiable" },
  { header: "bytes=20-10", of: 100, gives: undefined },
  { header: "bytes=-", of: 100, gives: undefined },
  { header: "bytes=0-1,5-6", of: 100, gives: undefined },
  { header: "items=0-1", of: 100, gives: undefined },
  { header: "bytes=99999999999999999999-", of: 100, gives: undefined },
] as const;

for (const { header, of, gives } of cases) {
  test(`range ${header} of ${of} bytes`, () => assert.deepEqual(parseRange(header, of), gives));
}
