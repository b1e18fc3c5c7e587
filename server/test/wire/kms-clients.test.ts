/**
 * KMS through the AWS CLI and boto3, as distributions ship them: only the endpoint and the keys are set.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { account, region } from "../support/identities.ts";
import { type KmsServer, startKms } from "./kms-server.ts";

const run = promisify(execFile);
const aws = "/usr/bin/aws";
const python = "/usr/bin/python3";
const hasBoto = await run(python, ["-c", "import boto3; boto3.client('kms', 'us-east-1')"]).then(
  () => true,
  () => false,
);

function environment({ folder, root }: KmsServer): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: root.accessKeyId,
    AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

test("the AWS CLI makes keys and names, encrypts and decrypts, grants, disables and schedules deletion", {
  skip: !existsSync(aws) && `no ${aws}`,
}, async (t) => {
  const server = await startKms(t);
  const cli = async (...args: string[]) => {
    const command = ["kms", ...args, "--endpoint-url", server.url, "--output", "json"];
    const { stdout } = await run(aws, command, { env: environment(server) });
    return stdout.trim() === "" ? {} : JSON.parse(stdout);
  };
  const tags = ["--tags", "TagKey=site,TagValue=north"];
  const { KeyMetadata } = await cli("create-key", "--description", "films", ...tags);
  const key = ["--key-id", KeyMetadata.KeyId];
  assert.deepEqual([KeyMetadata.KeyState, KeyMetadata.Description], ["Enabled", "films"]);
  await cli("create-alias", "--alias-name", "alias/films", "--target-key-id", KeyMetadata.KeyId);
  assert.deepEqual((await cli("list-resource-tags", ...key)).Tags, [{ TagKey: "site", TagValue: "north" }]);

  const plain = join(server.folder, "plain");
  const sealed = join(server.folder, "sealed");
  await writeFile(plain, "what nobody else reads");
  const context = ["--encryption-context", "stream=cam,site=north"];
  const byAlias = ["--key-id", "alias/films"];
  const { CiphertextBlob } = await cli("encrypt", ...byAlias, "--plaintext", `fileb://${plain}`, ...context);
  await writeFile(sealed, Buffer.from(CiphertextBlob, "base64"));
  const blob = ["--ciphertext-blob", `fileb://${sealed}`];
  const { Plaintext } = await cli("decrypt", ...blob, ...context);
  assert.equal(Buffer.from(Plaintext, "base64").toString(), await readFile(plain, "utf8"));
  await assert.rejects(cli("decrypt", ...blob), /InvalidCiphertextException/);
  assert.equal((await cli("get-key-rotation-status", ...key)).KeyRotationEnabled, false);

  const grantee = `arn:aws:iam::${account}:user/alice`;
  const operations = ["--operations", "Encrypt", "Decrypt"];
  const { GrantId } = await cli("create-grant", ...key, "--grantee-principal", grantee, ...operations);
  await cli("revoke-grant", ...key, "--grant-id", GrantId);
  const { Policy } = await cli("get-key-policy", ...key, "--policy-name", "default");
  await cli("put-key-policy", ...key, "--policy-name", "default", "--policy", Policy);

  await cli("disable-key", ...key);
  await assert.rejects(cli("decrypt", ...blob, ...context), /DisabledException.*is disabled\./);
  await cli("schedule-key-deletion", ...key, "--pending-window-in-days", "7");
  await assert.rejects(cli("enable-key", ...key), /KMSInvalidStateException.*is pending deletion/);
  await cli("cancel-key-deletion", ...key);
  await assert.rejects(cli("describe-key", "--key-id", "alias/none"), /NotFoundException.*alias\/none is not found/);
});

const script = `
import sys, boto3
from botocore.exceptions import ClientError
kms = boto3.client("kms", endpoint_url=sys.argv[1])
keys = [kms.create_key()["KeyMetadata"] for _ in range(3)]
key = keys[0]["KeyId"]
listed = [k["KeyId"] for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}) for k in page["Keys"]]
assert sorted(k["KeyId"] for k in keys) == listed, listed
kms.create_alias(AliasName="alias/app", TargetKeyId=key)
context = {"stream": "cam", "größe": "ü"}
made = kms.generate_data_key(KeyId="alias/app", KeySpec="AES_256", EncryptionContext=context)
assert made["KeyId"] == keys[0]["Arn"] and len(made["Plaintext"]) == 32, made
assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == made["Plaintext"]
def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
assert code(kms.decrypt, CiphertextBlob=made["CiphertextBlob"]) == "InvalidCiphertextException"
moved = kms.re_encrypt(CiphertextBlob=made["CiphertextBlob"], SourceEncryptionContext=context, DestinationKeyId=keys[1]["KeyId"])
assert moved["KeyId"] == keys[1]["Arn"], moved
assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
kms.disable_key(KeyId=key)
assert code(kms.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException"
try:
    kms.encrypt(KeyId=key, Plaintext=b"x")
except kms.exceptions.DisabledException as error:
    assert "is disabled" in str(error)
assert code(kms.describe_key, KeyId="alias/none") == "NotFoundException"
assert code(kms.sign, KeyId=key, Message=b"x", SigningAlgorithm="RSASSA_PSS_SHA_256") == "NotImplemented"
assert len(kms.generate_random(NumberOfBytes=100)["Plaintext"]) == 100
kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
print("done")
`;

test("boto3 makes keys, encrypts, and raises the errors that it knows", {
  skip: !hasBoto && `no boto3 for ${python}`,
}, async (t) => {
  const server = await startKms(t);
  const { stdout } = await run(python, ["-c", script, server.url], { env: environment(server) });
  assert.equal(stdout.trim(), "done");
});
