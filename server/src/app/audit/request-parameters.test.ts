import assert from "node:assert/strict";
import { test } from "node:test";
import { modelOf } from "../../edge/model/models.ts";
import { hidden, requestParameters } from "./request-parameters.ts";

const bytes = Buffer.from("bytes");

async function* stream() {
  yield bytes;
}

for (const [model, operation, input, shown] of [
  ["iam", "CreateUser", { UserName: "ada" }, { userName: "ada" }],
  ["iam", "CreateLoginProfile", { UserName: "ada", Password: "pw" }, { userName: "ada", password: hidden }],
  [
    "sts",
    "AssumeRoleWithWebIdentity",
    { RoleArn: "arn", WebIdentityToken: "t" },
    { roleArn: "arn", webIdentityToken: hidden },
  ],
  ["sts", "GetSessionToken", { TokenCode: "123456" }, { tokenCode: hidden }],
  [
    "kms",
    "Encrypt",
    { KeyId: "k", Plaintext: bytes, EncryptionContext: { a: "b" } },
    { keyId: "k", plaintext: hidden, encryptionContext: { a: "b" } },
  ],
  ["kms", "Decrypt", { CiphertextBlob: bytes, GrantTokens: ["t"] }, { ciphertextBlob: hidden, grantTokens: hidden }],
  [
    "s3",
    "PutObject",
    { Bucket: "b", Key: "k", Body: stream(), Metadata: { a: "b" } },
    { bucket: "b", key: "k", metadata: hidden },
  ],
  [
    "s3",
    "GetObject",
    { Bucket: "b", Key: "k", SSECustomerKey: "c2VjcmV0" },
    { bucket: "b", key: "k", sSECustomerKey: hidden },
  ],
  [
    "s3",
    "GetObject",
    { Bucket: "b", Key: "k", IfModifiedSince: new Date(0) },
    { bucket: "b", key: "k", ifModifiedSince: "1970-01-01T00:00:00.000Z" },
  ],
  [
    "kinesis-video",
    "CreateStream",
    { StreamName: "s", Tags: { a: "b" }, unknown: 1 },
    { streamName: "s", tags: { a: "b" } },
  ],
  [
    "elastic-transcoder",
    "CreateJob",
    { PipelineId: "p", Input: { Key: "k", Encryption: { Mode: "aes-ctr", Key: "c2VjcmV0" } } },
    { pipelineId: "p", input: { key: "k", encryption: { mode: "aes-ctr", key: hidden } } },
  ],
  [
    "elastic-transcoder",
    "CreateJob",
    { Playlists: [{ HlsContentProtection: { Key: "c2VjcmV0" }, PlayReadyDrm: { Key: "c2VjcmV0" } }] },
    { playlists: [{ hlsContentProtection: { key: hidden }, playReadyDrm: { key: hidden } }] },
  ],
] as [string, string, Record<string, unknown>, object][]) {
  test(`${operation} shows ${JSON.stringify(shown)}`, () => {
    const { type } = modelOf(model).operations.get(operation)!.input;
    assert.deepEqual(requestParameters(type, input), shown);
  });
}

test("what is too long, too much or too deep is cut", () => {
  const { type } = modelOf("iam").operations.get("CreateRole")!.input;
  const long = requestParameters(type, { AssumeRolePolicyDocument: "x".repeat(10_000) });
  assert.equal((long!.assumeRolePolicyDocument as string).length, 2049);
  const many = requestParameters(undefined, { list: Array.from({ length: 1e5 }, () => "x".repeat(3000)) });
  assert.ok(JSON.stringify(many).length < 300_000);
  let deep: unknown = "end";
  for (let i = 0; i < 1e4; i++) deep = { deep };
  assert.ok(JSON.stringify(requestParameters(undefined, { deep })).length < 300);
  assert.equal(requestParameters(type, undefined), undefined);
});
