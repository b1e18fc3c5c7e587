import assert from "node:assert/strict";
import test from "node:test";
import { isBucketName } from "./bucket-name.ts";

test("takes the bucket names that S3 takes", () => {
  for (const name of ["abc", "my-bucket", "my.bucket.name", "1abc2", "a".repeat(63), "192.168.5.4a"])
    assert.ok(isBucketName(name), name);
  for (const name of [
    "ab",
    "a".repeat(64),
    "Abc",
    "a_b",
    "-abc",
    "abc-",
    ".abc",
    "abc.",
    "a..b",
    "192.168.5.4",
    "xn--abc",
    "sthree-abc",
    "abc-s3alias",
    "abc--ol-s3",
    "abc--x-s3",
    "a b",
    "bücket",
    "",
  ])
    assert.ok(!isBucketName(name), name);
});
