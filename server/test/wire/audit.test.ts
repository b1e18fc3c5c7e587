/**
 * Records of calls of a running server: every call is there, and no secret is, in any file or log.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KMS } from "@aws-sdk/client-kms";
import { GetObjectCommand, S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { CloudTrailRecord } from "../../src/app/audit/cloudtrail-record.ts";
import { keys, type MillraceProcess, startMillrace } from "../journeys/millrace-process.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");
const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
const region = "us-east-1";

let folder: string;
let server: MillraceProcess;
/** What must not be written anywhere, by what it is. */
const secrets = new Map<string, string>([["the root secret", keys.secretAccessKey]]);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-audit-"));
  server = await startMillrace([
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    folder,
    "--role",
    "api",
    "--log-level",
    "debug",
  ]);
  await session();
});

after(async () => {
  await server?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

const common = (credentials: Keys) => ({ endpoint: server.url, region, credentials, maxAttempts: 1 });

/** Calls with a secret of every kind in them, some of which are refused. */
async function session(): Promise<void> {
  const root = common(keys);
  const [iam, sts, kms, video] = [new IAM(root), new STS(root), new KMS(root), new KinesisVideo(root)];
  const s3 = new S3({ ...root, forcePathStyle: true });
  await iam.createUser({ UserName: "ada" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ada" });
  secrets.set("an access key's secret", AccessKey!.SecretAccessKey!);
  const ada = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  await assert.rejects(new KinesisVideo(common(ada)).createStream({ StreamName: "cam" }), {
    name: "AccessDeniedException",
  });

  const { Credentials } = await sts.getSessionToken({});
  secrets.set("a session's secret", Credentials!.SecretAccessKey!).set("a session's token", Credentials!.SessionToken!);
  const temporary = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  await new KinesisVideo(common(temporary)).listStreams({});
  // A wrong signature is told at debug level, token and all that was signed.
  const wrong = new S3({ ...common({ ...temporary, secretAccessKey: "wrong".repeat(8) }), forcePathStyle: true });
  await assert.rejects(wrong.listBuckets({}), { name: "SignatureDoesNotMatch" });

  const { KeyMetadata } = await kms.createKey({});
  const Plaintext = Buffer.from("plaintext-of-a-secret-kind");
  secrets.set("a plaintext", Plaintext.toString()).set("a plaintext in base64", Plaintext.toString("base64"));
  const { CiphertextBlob } = await kms.encrypt({ KeyId: KeyMetadata!.KeyId!, Plaintext });
  await kms.decrypt({ CiphertextBlob });
  const { Plaintext: dataKey } = await kms.generateDataKey({ KeyId: KeyMetadata!.KeyId!, KeySpec: "AES_256" });
  secrets
    .set("a data key", Buffer.from(dataKey!).toString("base64"))
    .set("a data key in hex", Buffer.from(dataKey!).toString("hex"));

  await s3.createBucket({ Bucket: "bucket" });
  await s3.putObject({
    Bucket: "bucket",
    Key: "key",
    Body: "body-of-an-object",
    Metadata: { note: "metadata-of-an-object" },
  });
  secrets.set("a body", "body-of-an-object");
  const url = await getSignedUrl(
    new S3({ ...common(temporary), forcePathStyle: true }),
    new GetObjectCommand({ Bucket: "bucket", Key: "key" }),
  );
  secrets.set("a link's signature", new URL(url).searchParams.get("X-Amz-Signature")!);
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(url.replace("key?", "other?"))).status, 403);
  const customerKey = randomBytes(32);
  secrets.set("a customer's key", customerKey.toString("base64"));
  await s3
    .getObject({
      ...{
        Bucket: "bucket",
        Key: "key",
        SSECustomerAlgorithm: "AES256",
        SSECustomerKey: customerKey.toString("base64"),
      },
      SSECustomerKeyMD5: createHash("md5").update(customerKey).digest("base64"),
    })
    .catch(() => {});

  await video.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const token = "c2Vzc2lvbi10b2tlbi1vZi1hLXBsYXllci13aGljaC1pcy1sb25nLWVub3VnaA~~";
  secrets.set("a playback token", token);
  await fetch(`${server.url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=${token}`);
  await fetch(`${server.url}/bucket/key`);
  await server.kill("SIGTERM");
  for (const client of [iam, sts, kms, video, s3]) client.destroy();
}

async function audit(...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...runtime,
    main,
    "audit",
    "--data",
    folder,
    ...args,
  ]);
  return stdout.split("\n").filter(Boolean);
}

async function records(...args: string[]): Promise<CloudTrailRecord[]> {
  return (await audit("--json", ...args)).map((line) => JSON.parse(line));
}

test("every call is recorded once, in order, with who, what, on what and how it ended", async () => {
  const found = await records();
  const told = found.map(({ userIdentity, eventSource, eventName, errorCode = "" }) =>
    [userIdentity.type, eventSource.split(".")[0], eventName, errorCode].join(" "),
  );
  assert.deepEqual(told, [
    "Root iam CreateUser ",
    "Root iam CreateAccessKey ",
    "IAMUser kinesisvideo CreateStream AccessDeniedException",
    "Root sts GetSessionToken ",
    "Root kinesisvideo ListStreams ",
    "Unknown s3  SignatureDoesNotMatch",
    "Root kms CreateKey ",
    "Root kms Encrypt ",
    "Root kms Decrypt ",
    "Root kms GenerateDataKey ",
    "Root s3 CreateBucket ",
    "Root s3 PutObject ",
    "Root s3 GetObject ",
    "Unknown s3  SignatureDoesNotMatch",
    ...told.slice(14, 15),
    "Root kinesisvideo CreateStream ",
    ...told.slice(16, 17),
    "AWSAccount s3 GetObject AccessDenied",
  ]);
  assert.match(told[14]!, /^Root s3 GetObject /);
  assert.match(told[16]!, /^AWSAccount kinesisvideo GetHLSMasterPlaylist \w/);
  const ids = new Set(found.map(({ eventID }) => eventID));
  assert.equal(ids.size, found.length);
  for (const record of found) {
    assert.match(record.requestID, /^[0-9a-f-]{36}$/);
    assert.equal(record.sourceIPAddress, "127.0.0.1");
  }
});

test("a denied call says who wanted what, and why it was refused", async () => {
  const [denied] = await records("--denied", "--user", "ada");
  assert.equal(denied!.userIdentity.arn, "arn:aws:iam::000000000000:user/ada");
  const [decision] = denied!.additionalEventData.decisions!;
  assert.deepEqual([decision!.action, decision!.decision], ["kinesisvideo:CreateStream", "implicitDeny"]);
  assert.match(decision!.reason, /no identity-based policy allows/);
  assert.match(
    denied!.errorMessage!,
    /is not authorized to perform: kinesisvideo:CreateStream on resource: arn:aws:kinesisvideo/,
  );
  const [line] = await audit("--denied", "--user", "ada");
  assert.match(
    line!,
    /Z {2}denied {2}ada {2}kinesisvideo:CreateStream {2}arn:aws:kinesisvideo:.*cam.* AccessDeniedException: /,
  );
});

for (const [args, count] of [
  [["--action", "kms:*"], 4],
  [["--action", "s3:PutObject"], 1],
  [["--resource", "arn:aws:s3:::bucket"], 1],
  [["--since", "1h", "--user", "root", "--action", "iam:*"], 2],
  [["--since", "2100-01-01T00:00:00Z"], 0],
] as const) {
  test(`millrace audit ${args.join(" ")} finds ${count}`, async () => {
    assert.equal((await audit(...args)).length, count);
  });
}

test("no secret is in any record or log", async () => {
  const text = [server.output()];
  for (const name of await readdir(join(folder, "audit")))
    text.push(await readFile(join(folder, "audit", name), "utf8"));
  const all = text.join("\n");
  assert.match(all, /a signature does not match/);
  assert.ok(10 < secrets.size);
  for (const [what, secret] of secrets) {
    assert.ok(12 < secret.length, what);
    assert.ok(!all.includes(secret) && !all.includes(encodeURIComponent(secret)), `${what} is in a log`);
  }
});

test("--audit off keeps no records", async () => {
  const other = await mkdtemp(join(tmpdir(), "millrace-audit-"));
  const silent = await startMillrace([
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    other,
    "--role",
    "api",
    "--audit",
    "off",
  ]);
  await fetch(`${silent.url}/bucket/key`);
  await silent.kill("SIGTERM");
  assert.ok(!(await readdir(other)).includes("audit"));
  await rm(other, { recursive: true });
});
