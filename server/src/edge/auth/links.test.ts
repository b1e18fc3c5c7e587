import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { edgeRequest } from "../../../test/support/edge-request.ts";
import { now, options, refusal, s3 } from "../../../test/support/signed-request.ts";
import { authenticate } from "./authenticate.ts";
import { presignUrl } from "./sign.ts";

test("verifies links, and that they are used as they were made", async () => {
  const url = "http://localhost:4580/b/a%20b//c?response-content-type=text%2Fplain";
  const link = presignUrl({ ...s3, method: "GET", url, expiresSeconds: 60 });
  const at = (ms: number) => ({ ...options, clock: () => now + ms });
  const result = await authenticate(edgeRequest("GET", link), options);
  assert.deepEqual(
    [result.kind, result.region, result.caller?.accessKeyId],
    ["presigned", "eu-mill-1", "AKIAMILLRACE"],
  );
  await authenticate(edgeRequest("GET", link), at(60_000));
  const late = await refusal(edgeRequest("GET", link), at(60_001));
  assert.deepEqual([late.status, late.code, late.message], [403, "AccessDenied", "Request has expired"]);
  assert.deepEqual([late.members.Expires, late.members.ServerTime], ["2026-04-02T09:16:00Z", "2026-04-02T09:16:00Z"]);
  const early = await refusal(edgeRequest("GET", link), at(-15 * 60_000 - 1000));
  assert.deepEqual([early.code, early.message], ["AccessDenied", "Request is not yet valid"]);
  assert.equal((await refusal(edgeRequest("PUT", link))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", link.replace("/c?", "/d?")))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", link.replace("plain", "html")))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", link, { "x-amz-acl": "private" }))).code, "AccessDenied");

  const identity = presignUrl({
    ...s3,
    service: "sts",
    method: "GET",
    url: "http://localhost/?Action=GetCallerIdentity&Version=2011-06-15",
    expiresSeconds: 60,
  });
  await authenticate(edgeRequest("GET", identity), options);
  assert.equal((await refusal(edgeRequest("GET", identity), at(61_000))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", identity, {}, "body"))).code, "SignatureDoesNotMatch");
});

test("refuses malformed links, and says why", async () => {
  const link = presignUrl({ ...s3, method: "GET", url: "http://localhost/b/k", expiresSeconds: 60 });
  const cases: [what: string, link: string][] = [
    ["no expiry", link.replace("&X-Amz-Expires=60", "")],
    ["an expiry of 0", link.replace("Expires=60", "Expires=0")],
    ["a negative expiry", link.replace("Expires=60", "Expires=-60")],
    ["an expiry that is no number", link.replace("Expires=60", "Expires=1e3")],
    ["an expiry past a week", link.replace("Expires=60", "Expires=604801")],
    ["an expiry of many digits", link.replace("Expires=60", `Expires=${"9".repeat(400)}`)],
    ["two expiries", `${link}&X-Amz-Expires=6000`],
    ["no signature", link.replace(/&X-Amz-Signature=.*/, "")],
    ["no date", link.replace(/&X-Amz-Date=[^&]*/, "")],
    ["a date that is none", link.replace("20260402T091500Z", "20260431T091500Z")],
    ["another algorithm", link.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")],
    ["another day's scope", link.replace("%2F20260402%2F", "%2F20260401%2F")],
    ["an upper-case header name", link.replace("SignedHeaders=host", "SignedHeaders=Host")],
  ];
  for (const [what, changed] of cases) {
    assert.notEqual(changed, link, what);
    assert.equal((await refusal(edgeRequest("GET", changed))).code, "AuthorizationQueryParametersError", what);
  }
});

test("verifies links of version 2, with the bucket in the path or in the host", async () => {
  const expires = now / 1000 + 60;
  const sign = (text: string) => createHmac("sha1", "shh").update(text).digest("base64");
  const link = (resource: string, signedAs: string, query = "") =>
    `${resource}?AWSAccessKeyId=AKIAMILLRACE&Signature=${encodeURIComponent(sign(signedAs))}&Expires=${expires}${query}`;
  const get = link("http://localhost/b/a%20b", `GET\n\n\n${expires}\n/b/a%20b`);
  const result = await authenticate(edgeRequest("GET", get), options);
  assert.deepEqual([result.kind, result.service, result.caller?.isRoot], ["presigned-v2", "s3", true]);
  const put = link(
    "http://localhost/b/k",
    `PUT\n\ntext/plain\n${expires}\nx-amz-acl:private\n/b/k?uploadId=u`,
    "&uploadId=u&x-id=1",
  );
  await authenticate(edgeRequest("PUT", put, { "content-type": "text/plain", "x-amz-acl": "private" }, "x"), options);
  assert.equal(
    (await refusal(edgeRequest("PUT", put, { "content-type": "text/html", "x-amz-acl": "private" }))).code,
    "SignatureDoesNotMatch",
  );
  assert.equal((await refusal(edgeRequest("HEAD", get))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", get.replace("a%20b", "a%20c")))).code, "SignatureDoesNotMatch");
  assert.equal((await refusal(edgeRequest("GET", `${get}&acl`))).code, "SignatureDoesNotMatch");
  const expired = await refusal(edgeRequest("GET", get), { clock: () => now + 61_000 });
  assert.deepEqual([expired.code, expired.message], ["AccessDenied", "Request has expired"]);
  assert.equal((await refusal(edgeRequest("GET", get.replace(/Expires=.*/, "Expires=soon")))).code, "AccessDenied");
  assert.equal(
    (await refusal(edgeRequest("GET", get.replace("AKIAMILLRACE", "AKIAOTHER")))).code,
    "InvalidAccessKeyId",
  );

  const s3BaseDomains = ["s3.localhost"];
  const hosted = link("http://b.c.s3.localhost:4580/k", `GET\n\n\n${expires}\n/b.c/k`);
  await authenticate(edgeRequest("GET", hosted), { ...options, s3BaseDomains });
  // The same proof must not open `b/a b` inside another bucket.
  const moved = get.replace("localhost", "other.s3.localhost");
  assert.equal((await refusal(edgeRequest("GET", moved), { s3BaseDomains })).code, "SignatureDoesNotMatch");
});
