import assert from "node:assert/strict";
import test from "node:test";
import { parseCopySource } from "./copy-source.ts";
import { parseCopyRange } from "./upload-part-copy.ts";

test("reads x-amz-copy-source", () => {
  for (const [header, expected] of [
    ["bucket/key", { bucket: "bucket", key: "key", versionId: undefined }],
    ["/bucket/a/b//c", { bucket: "bucket", key: "a/b//c", versionId: undefined }],
    ["bucket//key", { bucket: "bucket", key: "/key", versionId: undefined }],
    ["bucket/a%20b%2Bc+d%3F", { bucket: "bucket", key: "a b+c+d?", versionId: undefined }],
    ["bucket/k?versionId=null", { bucket: "bucket", key: "k", versionId: "null" }],
    ["bucket%2Fkey", undefined],
    ["bucket", undefined],
    ["bucket/", undefined],
    ["", undefined],
    ["bucket/%zz", undefined],
    ["bucket/%ff", undefined],
    ["bucket/a%00b", undefined],
  ] as const) {
    if (expected === undefined) assert.throws(() => parseCopySource(header), { code: "InvalidArgument" }, header);
    else assert.deepEqual(parseCopySource(header), expected, header);
  }
});

test("takes a copied range only when all of it is there", () => {
  assert.deepEqual(parseCopyRange(undefined, 10), { from: 0, to: 10 });
  assert.deepEqual(parseCopyRange("bytes=0-9", 10), { from: 0, to: 10 });
  assert.deepEqual(parseCopyRange("bytes=3-4", 10), { from: 3, to: 5 });
  for (const header of ["bytes=0-10", "bytes=4-3", "bytes=3-", "bytes=-3", "0-9", "bytes=0-9,10-11"])
    assert.throws(() => parseCopyRange(header, 10), { code: "InvalidArgument" }, header);
});
