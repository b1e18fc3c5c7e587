/**
 * Bucket policies and encryption as the AWS CLI and boto3 set and meet them.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { accountKeyPolicy } from "../../src/storage/keys/default-key-policies.ts";
import { account, documentOf, type Keys, region } from "../support/identities.ts";
import { type S3IdentityServer, startS3Identities } from "./s3-identities-server.ts";

const run = promisify(execFile);
const home = { account, region };

const unless = (program: string) => ({ skip: existsSync(program) ? false : `${program} is not installed` });

async function call({ folder, url, root }: S3IdentityServer, command: readonly string[], by: Keys = root) {
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: folder,
    AWS_ACCESS_KEY_ID: by.accessKeyId,
    AWS_SECRET_ACCESS_KEY: by.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: url,
    AWS_PAGER: "",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const [program = "", ...args] = command;
  return (await run(program, args, { env, maxBuffer: 64 << 20 })).stdout;
}

const openPolicy = (bucket: string) =>
  documentOf({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/*` });

test(
  "aws s3api opens a bucket to everybody, and seals by KMS and by the client's own key",
  unless("/usr/bin/aws"),
  async (t) => {
    const server = await startS3Identities(t);
    const { folder, user, keys } = server;
    const aws = (...args: string[]) => call(server, ["/usr/bin/aws", "--endpoint-url", server.url, ...args]);
    const key = await keys.create(home, { description: "", policy: accountKeyPolicy(account), tags: {} });
    await aws("s3", "mb", "s3://cli");
    const file = join(folder, "film.bin");
    const film = randomBytes(9 << 20);
    await writeFile(file, film);

    await assert.rejects(
      aws("s3api", "put-bucket-policy", "--bucket", "cli", "--policy", openPolicy("cli")),
      /AccessDenied/,
    );
    await aws(
      "s3api",
      "put-public-access-block",
      "--bucket",
      "cli",
      "--public-access-block-configuration",
      "BlockPublicAcls=true",
    );
    await aws("s3api", "put-bucket-policy", "--bucket", "cli", "--policy", openPolicy("cli"));
    assert.match(await aws("s3api", "get-bucket-policy", "--bucket", "cli", "--query", "Policy"), /s3:GetObject/);
    assert.match(await aws("s3api", "get-bucket-policy-status", "--bucket", "cli"), /"IsPublic": true/);
    await aws("s3", "cp", file, "s3://cli/open.bin", "--quiet");
    await aws("s3", "cp", "s3://cli/open.bin", join(folder, "open.back"), "--no-sign-request", "--quiet");
    assert.ok(film.equals(await readFile(join(folder, "open.back"))));
    await assert.rejects(aws("s3", "ls", "s3://cli", "--no-sign-request"), /AccessDenied/);
    await assert.rejects(
      aws("s3", "cp", file, "s3://cli/new", "--no-sign-request", "--only-show-errors"),
      /AccessDenied/,
    );

    const ann = await user("ann", [{ Effect: "Allow", Action: "s3:*", Resource: "*" }]);
    await aws("s3", "cp", file, "s3://cli/sealed", "--sse", "aws:kms", "--sse-kms-key-id", key.id, "--quiet");
    const head = JSON.parse(await aws("s3api", "head-object", "--bucket", "cli", "--key", "sealed"));
    assert.deepEqual([head.ServerSideEncryption, head.SSEKMSKeyId], ["aws:kms", key.arn]);
    await aws("s3", "cp", "s3://cli/sealed", join(folder, "sealed.back"), "--quiet");
    assert.ok(film.equals(await readFile(join(folder, "sealed.back"))));
    const read = [
      "/usr/bin/aws",
      "--endpoint-url",
      server.url,
      "s3api",
      "get-object",
      "--bucket",
      "cli",
      "--key",
      "sealed",
      "/dev/null",
    ];
    await assert.rejects(call(server, read, ann.keys), /not authorized to perform: kms:Decrypt/);

    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: key.arn },
      BucketKeyEnabled: true,
    };
    const configuration = JSON.stringify({ Rules: [rule] });
    await aws(
      "s3api",
      "put-bucket-encryption",
      "--bucket",
      "cli",
      "--server-side-encryption-configuration",
      configuration,
    );
    assert.deepEqual(
      JSON.parse(await aws("s3api", "get-bucket-encryption", "--bucket", "cli")).ServerSideEncryptionConfiguration
        .Rules,
      [rule],
    );

    await writeFile(join(folder, "customer.key"), randomBytes(32));
    const own = ["--sse-c", "AES256", "--sse-c-key", `fileb://${join(folder, "customer.key")}`];
    await aws("s3", "cp", file, "s3://cli/own", "--quiet", ...own);
    await aws("s3", "cp", "s3://cli/own", join(folder, "own.back"), "--quiet", ...own);
    assert.ok(film.equals(await readFile(join(folder, "own.back"))));
    await assert.rejects(aws("s3", "cp", "s3://cli/own", join(folder, "own.back"), "--only-show-errors"), /400/);
  },
);

const boto = `
import json, os, sys, boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from boto3.s3.transfer import TransferConfig
url, key = sys.argv[1], sys.argv[2]
s3 = boto3.client("s3", endpoint_url=url)
nobody = boto3.client("s3", endpoint_url=url, config=Config(signature_version=UNSIGNED))
def code(call, **args):
    try:
        call(**args)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
s3.create_bucket(Bucket="boto")
s3.delete_public_access_block(Bucket="boto")
s3.put_object(Bucket="boto", Key="k", Body=b"body")
assert code(nobody.get_object, Bucket="boto", Key="k") == "AccessDenied"
s3.put_bucket_policy(Bucket="boto", Policy=sys.argv[3])
assert json.loads(s3.get_bucket_policy(Bucket="boto")["Policy"]) == json.loads(sys.argv[3])
assert nobody.get_object(Bucket="boto", Key="k")["Body"].read() == b"body"
assert code(nobody.put_object, Bucket="boto", Key="k", Body=b"x") == "AccessDenied"
assert code(nobody.delete_objects, Bucket="boto", Delete={"Objects": [{"Key": "k"}]}) in ("AccessDenied", "allowed")
assert s3.get_object(Bucket="boto", Key="k")["Body"].read() == b"body"
assert code(s3.put_bucket_policy, Bucket="boto", Policy="{}") == "MalformedPolicy"
s3.delete_bucket_policy(Bucket="boto")
assert code(s3.get_bucket_policy, Bucket="boto") == "NoSuchBucketPolicy"
data = os.urandom(12 * 1024 * 1024)
open("boto.bin", "wb").write(data)
config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=3)
for extra in ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}):
    s3.upload_file("boto.bin", "boto", "parts", Config=config, ExtraArgs=extra)
    s3.download_file("boto", "parts", "boto.back", Config=config)
    assert open("boto.back", "rb").read() == data
    head = s3.head_object(Bucket="boto", Key="parts")
    assert head["ServerSideEncryption"] == extra["ServerSideEncryption"] and head.get("SSEKMSKeyId") == extra.get("SSEKMSKeyId"), head
own = {"SSECustomerKey": os.urandom(32), "SSECustomerAlgorithm": "AES256"}
s3.upload_file("boto.bin", "boto", "own", Config=config, ExtraArgs=own)
s3.download_file("boto", "own", "boto.back", Config=config, ExtraArgs=own)
assert open("boto.back", "rb").read() == data
assert code(s3.get_object, Bucket="boto", Key="own") == "InvalidRequest"
s3.put_bucket_encryption(Bucket="boto", ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]})
assert s3.put_object(Bucket="boto", Key="k", Body=b"x")["SSEKMSKeyId"].startswith("arn:aws:kms:us-east-1:")
s3.delete_bucket_encryption(Bucket="boto")
rules = s3.get_bucket_encryption(Bucket="boto")["ServerSideEncryptionConfiguration"]["Rules"]
assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
print("fine")
`;

test("boto3 does the same", unless("/usr/bin/python3"), async (t) => {
  const server = await startS3Identities(t);
  const python = (...args: string[]) =>
    call(server, ["/usr/bin/env", "-C", server.folder, "/usr/bin/python3", ...args]);
  const has = await python("-c", "import boto3").then(
    () => true,
    () => false,
  );
  if (!has) return t.skip("boto3 is not installed");
  const key = await server.keys.create(home, { description: "", policy: accountKeyPolicy(account), tags: {} });
  assert.equal(await python("-c", boto, server.url, key.arn, openPolicy("boto")), "fine\n");
});
