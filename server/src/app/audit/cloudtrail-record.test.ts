import assert from "node:assert/strict";
import { test } from "node:test";
import { callRecord } from "../../../test/support/call-record.ts";
import { edgeRequest } from "../../../test/support/edge-request.ts";
import { modelOf } from "../../edge/model/models.ts";
import { ServiceError } from "../../services/service-error.ts";
import { cloudTrailRecord } from "./cloudtrail-record.ts";

const account = "000000000000";
const record = (changed: Parameters<typeof callRecord>[0] = {}) => cloudTrailRecord(callRecord(changed), account, "e");

test("a call has CloudTrail's form", () => {
  const inputType = modelOf("s3").operations.get("GetObject")!.input.type;
  assert.deepEqual(record({ inputType }), {
    eventVersion: "1.11",
    userIdentity: {
      type: "IAMUser",
      principalId: "AIDAEXAMPLE",
      arn: "arn:aws:iam::000000000000:user/team/ada",
      accountId: account,
      accessKeyId: "AKIAMILLRACE",
      userName: "ada",
    },
    eventTime: "2026-04-02T09:15:01Z",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    awsRegion: "eu-mill-1",
    sourceIPAddress: "127.0.0.1",
    userAgent: "aws-cli/2",
    requestParameters: { bucket: "b", key: "k" },
    responseElements: null,
    additionalEventData: {
      httpStatus: 200,
      durationMs: 12,
      authenticationMethod: "AuthHeader",
      decisions: [{ action: "s3:GetObject", resource: "arn:aws:s3:::b/k", decision: "allowed", reason: "" }],
    },
    requestID: "11111111-2222-4333-8444-555555555555",
    eventID: "e",
    readOnly: true,
    resources: [{ ARN: "arn:aws:s3:::b/k", accountId: account }],
    eventType: "AwsApiCall",
    managementEvent: false,
    recipientAccountId: account,
    eventCategory: "Data",
  });
});

const root = {
  accountId: account,
  accessKeyId: "AKIAROOT",
  principalArn: `arn:aws:iam::${account}:root`,
  isRoot: true,
};
const session = { issuedAtMs: 0, expiresAtMs: 1, tags: {} };

for (const [caller, identity] of [
  [root, { type: "Root", principalId: account, arn: root.principalArn, accountId: account, accessKeyId: "AKIAROOT" }],
  [
    {
      ...root,
      isRoot: false,
      userId: "AROAX:cam",
      principalArn: `arn:aws:sts::${account}:assumed-role/reader/cam`,
      session: {
        ...session,
        role: { arn: `arn:aws:iam::${account}:role/reader`, id: "AROAX", name: "reader" },
        sourceIdentity: "ada",
      },
    },
    {
      type: "AssumedRole",
      principalId: "AROAX:cam",
      arn: `arn:aws:sts::${account}:assumed-role/reader/cam`,
      accountId: account,
      accessKeyId: "AKIAROOT",
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId: "AROAX",
          arn: `arn:aws:iam::${account}:role/reader`,
          accountId: account,
          userName: "reader",
        },
        sourceIdentity: "ada",
        attributes: { creationDate: "1970-01-01T00:00:00Z", mfaAuthenticated: "false" },
      },
    },
  ],
  [
    {
      ...root,
      isRoot: false,
      userId: `${account}:bob`,
      principalArn: `arn:aws:sts::${account}:federated-user/bob`,
      session,
    },
    {
      type: "FederatedUser",
      principalId: `${account}:bob`,
      arn: `arn:aws:sts::${account}:federated-user/bob`,
      accountId: account,
      accessKeyId: "AKIAROOT",
      sessionContext: { attributes: { creationDate: "1970-01-01T00:00:00Z", mfaAuthenticated: "false" } },
    },
  ],
] as const) {
  test(`${caller.principalArn} is of type ${identity.type}`, () => {
    assert.deepEqual(record({ caller }).userIdentity, identity);
  });
}

test("nobody is nobody, and a proof that did not hold names its key and nothing else of it", () => {
  const anonymous = record({ caller: undefined, kind: "anonymous" });
  assert.deepEqual(anonymous.userIdentity, { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" });
  const authorization =
    "AWS4-HMAC-SHA256 Credential=AKIAWRONG/20260402/r/s3/aws4_request, SignedHeaders=host, Signature=5ec2e7";
  const link = "http://h/b/k?X-Amz-Credential=AKIAWRONG%2F20260402&X-Amz-Signature=5ec2e7&X-Amz-Security-Token=5ec2e7";
  for (const request of [edgeRequest("GET", "http://h/b/k", { authorization }), edgeRequest("GET", link)]) {
    const error = new ServiceError("SignatureDoesNotMatch", 403, "The request signature we calculated does not match.");
    const failed = record({
      request,
      caller: undefined,
      kind: undefined,
      input: undefined,
      decisions: [],
      error,
      status: 403,
    });
    assert.deepEqual(failed.userIdentity, { type: "Unknown", principalId: "", accessKeyId: "AKIAWRONG" });
    assert.equal(failed.errorCode, "SignatureDoesNotMatch");
    assert.equal(failed.requestParameters, null);
    assert.doesNotMatch(JSON.stringify(failed), /5ec2e7/);
  }
});

for (const [operation, readOnly, category] of [
  ["PutObject", false, "Data"],
  ["PutMedia", false, "Data"],
  ["GetMP4MediaFragment", true, "Management"],
  ["CreateUser", false, "Management"],
  ["ListUsers", true, "Management"],
  ["AssumeRole", true, "Management"],
  ["GenerateDataKeyPair", true, "Management"],
  ["ReEncrypt", true, "Management"],
  ["SignalChannel", false, "Management"],
] as const) {
  test(`${operation} ${readOnly ? "reads" : "writes"} ${category}`, () => {
    const { readOnly: isReading, eventCategory } = record({ operation });
    assert.deepEqual([isReading, eventCategory], [readOnly, category]);
  });
}

test("what strangers send is cut to a size", () => {
  const request = edgeRequest("GET", "http://h/", { "user-agent": "x".repeat(60_000) });
  const wide = record({
    request,
    service: "x/../y",
    decisions: [],
    error: new ServiceError("X", 400, "y".repeat(60_000)),
  });
  assert.ok(JSON.stringify(wide).length < 3000);
  assert.equal(wide.eventSource, "unknown.amazonaws.com");
});
