import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { oneKey } from "../../../test/support/edge-request.ts";
import { verifyPostPolicy } from "./post-policy.ts";

const now = Date.UTC(2026, 3, 2, 9, 15);
const options = { credentials: oneKey("AKIAMILLRACE", "shh"), clock: () => now };
const credential = "AKIAMILLRACE/20260402/eu-mill-1/s3/aws4_request";
const expiration = "2026-04-02T10:00:00Z";
const v4Fields = {
  "x-amz-algorithm": "AWS4-HMAC-SHA256",
  "x-amz-credential": credential,
  "x-amz-date": "20260402T091500Z",
};
const v4Conditions = [{ bucket: "up" }, ...Object.entries(v4Fields).map(([name, value]) => ({ [name]: value }))];

// biome-ignore lint/suspicious/noTemplateCurlyInString: what forms write for the name of the file.
const placeholder = "${filename}";

const encode = (policy: unknown) =>
  Buffer.from(typeof policy === "string" ? policy : JSON.stringify(policy)).toString("base64");

function signV4(policy: string, secret = "shh"): string {
  const [, ...scope] = credential.split("/");
  const key = scope.reduce((k, part) => createHmac("sha256", k).update(part).digest(), Buffer.from(`AWS4${secret}`));
  return createHmac("sha256", key).update(policy).digest("hex");
}

function v4Form(conditions: unknown[], fields: Record<string, string>, document: object = { expiration }) {
  const policy = encode({ ...document, conditions: [...v4Conditions, ...conditions] });
  return { bucket: "up", fields: { ...v4Fields, policy, "x-amz-signature": signV4(policy), ...fields } };
}

const codeOf = (form: { bucket: string; fields: Record<string, string> }, changed = {}) =>
  verifyPostPolicy(form, { ...options, ...changed }).then(
    ({ lengthRange: { min, max } }) => `${min}-${max}`,
    (error) => (error.name === "ServiceError" ? `${error.status} ${error.code}` : assert.fail(error)),
  );

const any = `0-${Number.MAX_SAFE_INTEGER}`;

test("says whose form it is, and how large the file may be", async () => {
  const form = v4Form([{ key: "a/b" }, ["content-length-range", 1, 1000]], { key: "a/b" });
  const { caller, region, lengthRange } = await verifyPostPolicy(form, options);
  assert.equal(caller.accessKeyId, "AKIAMILLRACE");
  assert.equal(region, "eu-mill-1");
  assert.deepEqual(lengthRange, { min: 1, max: 1000 });
});

test("accepts the form of AWS's documentation", async () => {
  // "Example: browser-based upload using HTTP POST (using AWS Signature Version 4)", S3 API reference.
  const policy =
    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
  const fields = {
    key: `user/user1/${placeholder}`,
    acl: "public-read",
    success_action_redirect: "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
    "content-type": "image/jpeg",
    "x-amz-meta-uuid": "14365123651274",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-date": "20151229T000000Z",
    "x-amz-meta-tag": "",
    policy,
    "x-amz-signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
  };
  const example = {
    credentials: oneKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    clock: () => Date.UTC(2015, 11, 29),
  };
  assert.equal(await codeOf({ bucket: "sigv4examplebucket", fields }, example), any);
});

test("holds a form to its conditions", async () => {
  const denied = "403 AccessDenied";
  const cases: [what: string, conditions: unknown[], fields: Record<string, string>, outcome: string][] = [
    ["exact", [{ key: "a" }], { key: "a" }, any],
    ["exact, other value", [{ key: "a" }], { key: "b" }, denied],
    ["exact, prefix only", [{ key: "a" }], { key: "ab" }, denied],
    ["exact, another case", [{ key: "a" }], { key: "A" }, denied],
    ["eq", [["eq", "$key", "a"]], { key: "a" }, any],
    ["eq in capitals, as some write it", [["EQ", "$Key", "a"]], { key: "a" }, any],
    ["eq, other value", [["eq", "$key", "a"]], { key: "b" }, denied],
    ["starts-with", [["starts-with", "$key", "in/"]], { key: "in/a" }, any],
    ["starts-with, the placeholder", [["starts-with", "$key", "in/"]], { key: `in/${placeholder}` }, any],
    ["starts-with, other prefix", [["starts-with", "$key", "in/"]], { key: "out/a" }, denied],
    ["starts-with nothing", [["starts-with", "$key", ""]], { key: "anything" }, any],
    ["both, only one kept", [["starts-with", "$key", "a"], { key: "b" }], { key: "ab" }, denied],
    ["a field that must be there", [{ key: "a" }, { acl: "private" }], { key: "a" }, denied],
    ["a field that no condition covers", [{ key: "a" }], { key: "a", acl: "public-read" }, denied],
    ["a metadata field that no condition covers", [{ key: "a" }], { key: "a", "x-amz-meta-a": "1" }, denied],
    ["a field named after a builtin", [{ key: "a" }], JSON.parse('{"key":"a","__proto__":"1"}'), denied],
    ["a field to ignore", [{ key: "a" }], { key: "a", "x-ignore-me": "1" }, any],
    [
      "content types that all match",
      [["starts-with", "$Content-Type", "image/"]],
      { "content-type": "image/a, image/b" },
      any,
    ],
    [
      "content types of which one does not",
      [["starts-with", "$Content-Type", "image/"]],
      { "content-type": "image/a,text/html" },
      denied,
    ],
    ["a bucket field that is another", [], { bucket: "other" }, denied],
    ["a bucket field that is the same", [], { bucket: "up" }, any],
    ["a length range", [["content-length-range", 0, 10]], {}, "0-10"],
    ["a length range in texts", [["content-length-range", "5", "10"]], {}, "5-10"],
    [
      "two length ranges",
      [
        ["content-length-range", 2, 10],
        ["content-length-range", 0, 8],
      ],
      {},
      "2-8",
    ],
    ["a negative length", [["content-length-range", -1, 10]], {}, "400 InvalidPolicyDocument"],
    ["a length that is none", [["content-length-range", "1e3", 10]], {}, "400 InvalidPolicyDocument"],
    ["an operator that is none", [["ends-with", "$key", "a"]], {}, "400 InvalidPolicyDocument"],
    ["a field without $", [["eq", "key", "a"]], {}, "400 InvalidPolicyDocument"],
    ["a value that is no text", [{ key: 1 }], { key: "1" }, "400 InvalidPolicyDocument"],
    ["an empty condition", [{}], {}, "400 InvalidPolicyDocument"],
    ["a condition that is none", [null], {}, "400 InvalidPolicyDocument"],
    [
      "a session token",
      [["starts-with", "$x-amz-security-token", ""]],
      { "x-amz-security-token": "t" },
      "400 InvalidToken",
    ],
  ];
  for (const [what, conditions, fields, outcome] of cases) {
    assert.equal(await codeOf(v4Form(conditions, fields)), outcome, what);
  }
  assert.equal(await codeOf({ ...v4Form([], {}), bucket: "other" }), denied, "posted to another bucket");
});

test("refuses policies that have expired or are none", async () => {
  const cases: [policy: unknown, outcome: string][] = [
    [{ expiration: "2026-04-02T09:14:59.999Z", conditions: v4Conditions }, "403 AccessDenied"],
    [{ expiration: "2026-04-02T09:15:00Z", conditions: v4Conditions }, any],
    [{ expiration: "soon", conditions: v4Conditions }, "400 InvalidPolicyDocument"],
    [{ expiration: "2026-13-02T09:15:00Z", conditions: v4Conditions }, "400 InvalidPolicyDocument"],
    [{ conditions: v4Conditions }, "400 InvalidPolicyDocument"],
    [{ expiration }, "400 InvalidPolicyDocument"],
    [{ expiration, conditions: {} }, "400 InvalidPolicyDocument"],
    [{ expiration, conditions: [] }, "403 AccessDenied"],
    ["{", "400 InvalidPolicyDocument"],
    ["null", "400 InvalidPolicyDocument"],
    ["[]", "400 InvalidPolicyDocument"],
    ["", "400 InvalidPolicyDocument"],
  ];
  for (const [document, outcome] of cases) {
    const policy = encode(document);
    const form = { bucket: "up", fields: { ...v4Fields, policy, "x-amz-signature": signV4(policy) } };
    assert.equal(await codeOf(form), outcome, JSON.stringify(document));
  }
});

test("refuses forms that are not signed, or not by us", async () => {
  const good = v4Form([], {});
  const cases: [what: string, change: Record<string, string | undefined>, outcome: string][] = [
    ["nothing changed", {}, any],
    [
      "no proof",
      { ...Object.fromEntries(Object.keys(good.fields).map((name) => [name, undefined])) },
      "403 AccessDenied",
    ],
    ["no policy", { policy: undefined }, "403 AccessDenied"],
    ["no signature", { "x-amz-signature": undefined }, "400 InvalidArgument"],
    ["no algorithm", { "x-amz-algorithm": undefined }, "400 InvalidArgument"],
    ["SigV4A", { "x-amz-algorithm": "AWS4-ECDSA-P256-SHA256" }, "501 NotImplemented"],
    ["no date", { "x-amz-date": "today" }, "400 InvalidArgument"],
    ["another day's scope", { "x-amz-date": "20260403T000000Z" }, "400 InvalidArgument"],
    ["another service's scope", { "x-amz-credential": credential.replace("/s3/", "/sts/") }, "400 InvalidArgument"],
    ["an unknown key", { "x-amz-credential": credential.replace("AKIA", "AKIB") }, "403 InvalidAccessKeyId"],
    ["another region's scope", { "x-amz-credential": credential.replace("eu-", "us-") }, "403 SignatureDoesNotMatch"],
    ["another secret", { "x-amz-signature": signV4(good.fields.policy, "no") }, "403 SignatureDoesNotMatch"],
    ["a blank in the policy", { policy: `${good.fields.policy} ` }, "403 SignatureDoesNotMatch"],
  ];
  for (const [what, change, outcome] of cases) {
    const fields = Object.entries({ ...good.fields, ...change }).filter(([, value]) => value !== undefined);
    assert.equal(
      await codeOf({ bucket: "up", fields: Object.fromEntries(fields) as Record<string, string> }),
      outcome,
      what,
    );
  }
  assert.equal(await codeOf(good, { regions: ["us-east-1"] }), "400 InvalidArgument");
});

test("accepts forms of version 2", async () => {
  const policy = encode({ expiration, conditions: [{ bucket: "up" }, ["starts-with", "$key", "in/"]] });
  const signature = createHmac("sha1", "shh").update(policy).digest("base64");
  const fields = { awsaccesskeyid: "AKIAMILLRACE", signature, policy, key: "in/a" };
  assert.equal(await codeOf({ bucket: "up", fields }), any);
  assert.equal(await codeOf({ bucket: "up", fields: { ...fields, key: "out/a" } }), "403 AccessDenied");
  assert.equal(await codeOf({ bucket: "up", fields: { ...fields, signature: "AAAA" } }), "403 SignatureDoesNotMatch");
  assert.equal(
    await codeOf({ bucket: "up", fields: { ...fields, awsaccesskeyid: "AKIAOTHER" } }),
    "403 InvalidAccessKeyId",
  );
});
