import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRequest } from "../../../test/support/edge-request.ts";
import { options, refusal, s3, signed } from "../../../test/support/signed-request.ts";
import type { EdgeRequest } from "../http.ts";
import { authenticate } from "./authenticate.ts";
import { presignUrl } from "./sign.ts";

test("refuses a request when any byte of path, query, signed headers or signature is another", async () => {
  const url = "http://localhost:4580/b/some%20key?partNumber=1&uploadId=a-b";
  const headers = { "content-type": "text/plain", "x-amz-acl": "private", range: "bytes=0-9" };
  const request = signed({ url, headers });
  await authenticate(request, options);
  const parts: [what: string, value: string, put: (value: string) => EdgeRequest][] = [
    ["method", request.method, (method) => ({ ...request, method })],
    ["path", request.rawPath, (rawPath) => ({ ...request, rawPath })],
    ["query", request.rawQuery, (rawQuery) => ({ ...request, rawQuery })],
    ...Object.entries(request.headers).map(
      ([name, value]) =>
        [
          name,
          value!,
          (changed: string) => ({ ...request, headers: { ...request.headers, [name]: changed } }),
        ] as (typeof parts)[number],
    ),
  ];
  let count = 0;
  for (const [what, value, put] of parts) {
    for (let at = 0; at < value.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ bit) + value.slice(at + 1);
        // The blank between the parts of the header may be a tab or missing: nothing hangs on it.
        if (what === "authorization" && changed.replace(/\s+/g, "") === value.replace(/\s+/g, "")) continue;
        await assert.rejects(authenticate(put(changed), options), { name: "ServiceError" }, `${what}: ${changed}`);
        count++;
      }
    }
  }
  assert.ok(count > 2000, `${count} mutants`);
});

test("refuses a link when any byte of it is another", async () => {
  const link = presignUrl({ ...s3, method: "GET", url: "http://localhost/b/k?versionId=v", expiresSeconds: 60 });
  const request = edgeRequest("GET", link);
  await authenticate(request, options);
  for (let at = 0; at < request.rawQuery.length; at++) {
    for (const bit of [1, 2, 4, 8, 16, 64]) {
      const byte = String.fromCharCode(request.rawQuery.charCodeAt(at) ^ bit);
      const rawQuery = request.rawQuery.slice(0, at) + byte + request.rawQuery.slice(at + 1);
      const result = await authenticate({ ...request, rawQuery }, options).catch((error) => error);
      // Spoilt names can make a request that claims nothing at all; it then has no caller either.
      assert.ok(result instanceof Error ? result.name === "ServiceError" : result.caller === undefined, rawQuery);
    }
  }
});

test("answers any Authorization header and query with a ServiceError", async () => {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const words = [
    "AWS4-HMAC-SHA256",
    " ",
    ",",
    "=",
    "/",
    ";",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "host",
    "__proto__",
    "constructor",
    "aws4_request",
    "20260402",
    "s3",
    "%",
    "%2F",
    "&",
    "X-Amz-Credential=",
    "X-Amz-Signature=",
    "X-Amz-Expires=",
    "AWSAccessKeyId",
    "Signature",
    "\u00ff",
    "x-amz-date",
  ];
  for (let run = 0; run < 4000; run++) {
    const text = Array.from({ length: random(40) }, () => words[random(words.length)]).join("");
    const request =
      run % 2
        ? signed({}, { headers: { authorization: text } })
        : { ...edgeRequest("GET", "http://localhost/b/k"), rawQuery: text };
    const outcome = await authenticate(request, options).catch((error) => error);
    assert.ok(outcome.name === "ServiceError" || outcome.kind === "anonymous", `${text}: ${outcome.stack}`);
  }
});

test("is not held up by headers made to be slow", async () => {
  for (const text of [
    "Credential=".repeat(5000),
    `Credential=${"/a".repeat(25_000)}`,
    " ".repeat(50_000),
    ",".repeat(50_000),
    `AWS4-HMAC-SHA256 Credential=${"-".repeat(50_000)}/`,
  ]) {
    const request = signed({}, { headers: { authorization: text } });
    assert.equal((await refusal(request)).status, 400);
  }
});

test("takes a proof only for the service that it names, and an odd name for none", async () => {
  for (const service of ["S3", "s3.", "kms kms", "é", "__proto__"]) {
    for (const fallbackService of ["s3", "iam"]) {
      const { message } = await refusal(signed({ service }), { fallbackService });
      assert.equal(message, `Credential should be scoped to correct service: '${fallbackService}'.`);
    }
  }
  const rawQuery = "AWSAccessKeyId=AKIAMILLRACE&Signature=a";
  const link = { ...edgeRequest("GET", "http://localhost/2012-09-25/jobs"), rawQuery };
  assert.equal((await refusal(link, { fallbackService: "elastictranscoder" })).code, "IncompleteSignatureException");
});
