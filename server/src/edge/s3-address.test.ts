import assert from "node:assert/strict";
import { test } from "node:test";
import { parseS3Address } from "./s3-address.ts";

test("finds the bucket in front of the longest domain, or in the path", () => {
  const domains = ["localhost", "s3.localhost", "S3.Example"];
  for (const [host, rawPath, bucket, rest] of [
    ["127.0.0.1:4580", "/b/k", "b", "/k"],
    ["127.0.0.1:4580", "/b", "b", "/"],
    ["127.0.0.1:4580", "/", undefined, "/"],
    ["127.0.0.1:4580", "/b//k/", "b", "//k/"],
    ["localhost:4580", "/b/k", "b", "/k"],
    ["b.localhost:4580", "/k/x", "b", "/k/x"],
    ["s3.localhost:4580", "/b/k", "b", "/k"],
    ["b.s3.localhost:4580", "/k", "b", "/k"],
    ["b.c.s3.localhost", "/k", "b.c", "/k"],
    ["B.s3.example", "/k", "b", "/k"],
    ["xs3.example", "/b/k", "b", "/k"],
    [undefined, "/b/k", "b", "/k"],
  ] as const)
    assert.deepEqual(parseS3Address({ rawPath, headers: { host } }, domains), { bucket, rawPath: rest }, String(host));
  assert.deepEqual(parseS3Address({ rawPath: "/b/k", headers: { host: "b.localhost" } }, []), {
    bucket: "b",
    rawPath: "/k",
  });
});
