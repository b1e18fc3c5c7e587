import assert from "node:assert/strict";
import { test } from "node:test";
import { callRecord, startedAtMs } from "../../../test/support/call-record.ts";
import { ServiceError } from "../../services/service-error.ts";
import { type AuditQuery, isDenied, matcherOf, parseSince } from "./audit-query.ts";
import { cloudTrailRecord } from "./cloudtrail-record.ts";

const record = cloudTrailRecord(callRecord(), "000000000000", "e");

for (const [query, isFound] of [
  [{}, true],
  [{ sinceMs: startedAtMs }, true],
  [{ sinceMs: startedAtMs + 2000 }, false],
  [{ user: "ada" }, true],
  [{ user: "bob" }, false],
  [{ user: "arn:aws:iam::000000000000:user/*" }, true],
  [{ user: "AKIAMILLRACE" }, true],
  [{ user: "root" }, false],
  [{ action: "s3:GetObject" }, true],
  [{ action: "S3:get*" }, true],
  [{ action: "kinesisvideo:*" }, false],
  [{ action: "s3.GetObject" }, false],
  [{ resource: "arn:aws:s3:::b/*" }, true],
  [{ resource: "arn:aws:s3:::b/?" }, true],
  [{ resource: "arn:aws:s3:::b" }, false],
  [{ denied: true }, false],
] as [Partial<AuditQuery>, boolean][]) {
  test(`${JSON.stringify(query)} ${isFound ? "finds" : "does not find"} a GetObject of ada`, () => {
    assert.equal(matcherOf({ sinceMs: 0, denied: false, ...query })(record), isFound);
  });
}

for (const [code, status, denied] of [
  ["AccessDenied", 403, true],
  ["AccessDeniedException", 400, true],
  ["SignatureDoesNotMatch", 403, true],
  ["NoSuchKey", 404, false],
  ["InternalError", 500, false],
] as const) {
  test(`${code} is ${denied ? "" : "no "}denial`, () => {
    const error = new ServiceError(code, status, "");
    assert.equal(isDenied(cloudTrailRecord(callRecord({ error, status }), "000000000000", "e")), denied);
  });
}

for (const [text, expected] of [
  ["90s", 10_000],
  ["1m", 40_000],
  ["1970-01-01T00:00:05Z", 5_000],
  ["soon", undefined],
  ["1w", undefined],
  ["-1h", undefined],
] as const) {
  test(`--since ${text}`, () => assert.equal(parseSince(text, 100_000), expected));
}
