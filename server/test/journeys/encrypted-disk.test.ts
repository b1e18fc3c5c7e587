/**
 * What lies in the data folder after a whole demo, and after everything else that makes keys: no media, no secret, no key.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { cp, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ElasticTranscoder } from "@aws-sdk/client-elastic-transcoder";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { openProducer, openSource, pump } from "@millrace/producer/node";
import { trustAuthority } from "../../src/app/tls/trust.ts";
import { readKeptKeys } from "../support/kept-keys.ts";
import { type Finding, formsOf, WindowSearch } from "../support/window-search.ts";
import { startDemo } from "./demo-process.ts";
import { makeClip, withFolder } from "./millrace-process.ts";

const region = "us-east-1";

/** Files that hold what nothing else may, by design. */
const readable = [
  // It must be somewhere: who wants it elsewhere gives a passphrase or a key of an external KMS.
  { file: "master-key", what: "the master key" },
];

test("a demo and all kinds of keys leave neither media nor secrets readable on the disk", async () => {
  await withFolder(async (folder) => {
    const clip = join(folder, "clip.mp4");
    await makeClip(clip, 6);
    const demo = startDemo([clip, "--keep"], { TMPDIR: folder });
    await demo.page();
    const outputs = /^files +(\S+)/m.exec(demo.said())![1]!;
    const data = join(dirname(outputs), "data");
    await trustAuthority(data);
    const kept = await makeKeys(await serverOf(demo.said()), clip);
    // With the journal of the rows, which is gone after a good end.
    await cp(data, join(folder, "running"), { recursive: true });
    demo.child.kill("SIGINT");
    assert.equal(await demo.ended, 0, demo.said());

    const media = new WindowSearch(32, 8);
    for (const [name, bytes] of [...(await mediaBelow(outputs)), ["clip", await readFile(clip)] as const]) {
      media.add(name, withoutTexts(bytes));
    }
    for (const [what, bytes] of kept.bodies) media.add(what, bytes);
    await cp(data, join(folder, "opened"), { recursive: true });
    const keys = await readKeptKeys(join(folder, "opened"), kept.customerKey);
    const secrets = new WindowSearch(16);
    for (const { what, bytes } of [...kept.secrets, ...keys]) {
      for (const form of formsOf(bytes)) secrets.add(what, form, 4);
    }
    const kinds = new Set(keys.map(({ what }) => what));
    for (const kind of everyKind) assert.ok(kinds.has(kind), `none was made: ${kind}`);
    // Where it lies open, it is found.
    assert.ok(10_000 < [...media.find(await readFile(clip))].length);

    for (const place of [data, join(folder, "running")]) {
      const scanned = await media.findBelow(place);
      assert.deepEqual(scanned.findings, []);
      assert.ok(15 < scanned.files && (await readFile(clip)).length < scanned.bytes, "there is something to scan");
      const { findings } = await secrets.findBelow(place);
      assert.deepEqual(findings.map(placeOf), readable);
    }
  });
});

const everyKind = [
  "the master key",
  "secret of an access key",
  "the key of access keys",
  "the key of session tokens",
  "the key of the local CA",
  "material of a KMS key",
  "data key of a stream",
  "data key of objects (AES256)",
  "data key of objects (aws:kms)",
  "data key of objects (customer)",
];

const placeOf = ({ file, what }: Finding) => ({ file, what });

type Server = { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

async function serverOf(said: string): Promise<Server> {
  const [, endpoint] = /^server +(\S+)/m.exec(said)!;
  const [, accessKeyId, secretAccessKey] = /AWS_ACCESS_KEY_ID=(\S+) AWS_SECRET_ACCESS_KEY=(\S+)/.exec(said)!;
  return { endpoint: endpoint!, region, credentials: { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! } };
}

type Made = {
  customerKey: Uint8Array;
  /** Keys that clients were given or have brought. */
  secrets: { what: string; bytes: Uint8Array }[];
  /** Objects beside the clip. */
  bodies: [string, Uint8Array][];
};

/** Through every API that gives out secrets or stores under keys. */
async function makeKeys(server: Server, clip: string): Promise<Made> {
  const [iam, sts, kms] = [new IAM(server), new STS(server), new KMS(server)];
  const s3 = new S3({ ...server, forcePathStyle: true });
  const secrets: Made["secrets"] = [];
  const keep = (what: string, bytes: Uint8Array | string) => secrets.push({ what, bytes: Buffer.from(bytes) });
  keep("root's secret", server.credentials.secretAccessKey);

  await iam.createUser({ UserName: "maker" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "maker" });
  keep("a user's secret", AccessKey!.SecretAccessKey!);
  const { Credentials } = await sts.getSessionToken({});
  keep("a session's secret", Credentials!.SecretAccessKey!);
  const session = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  await new S3({ ...server, credentials: session, forcePathStyle: true }).listBuckets({});

  const { KeyMetadata } = await kms.createKey({});
  const KeyId = KeyMetadata!.Arn!;
  const { Plaintext } = await kms.generateDataKey({ KeyId, KeySpec: "AES_256" });
  keep("a data key that KMS gave out", Plaintext!);

  const Bucket = "sealed";
  await s3.createBucket({ Bucket });
  const body = await readFile(clip);
  const ssekms = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyId } as const;
  await s3.putObject({ Bucket, Key: "kms", Body: body, ...ssekms });
  await s3.putObject({ Bucket, Key: "bucket-key", Body: body, ...ssekms, BucketKeyEnabled: true });
  const customerKey = randomBytes(32);
  const SSECustomerKey = customerKey.toString("base64");
  const SSECustomerKeyMD5 = createHash("md5").update(customerKey).digest("base64");
  const customer = { SSECustomerAlgorithm: "AES256", SSECustomerKey, SSECustomerKeyMD5 };
  await s3.putObject({ Bucket, Key: "customer", Body: body, ...customer });
  keep("a customer's key", customerKey);
  const [small, part] = [randomBytes(1000), randomBytes(100_000)];
  await s3.putObject({ Bucket, Key: "small", Body: small });
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "unfinished" });
  await s3.uploadPart({ Bucket, Key: "unfinished", UploadId, PartNumber: 1, Body: part });

  await new KinesisVideo(server).createStream({ StreamName: "sealed", DataRetentionInHours: 1, KmsKeyId: KeyId });
  const producer = await openProducer({ ...server, stream: "sealed", mode: "offline" });
  await pump(await openSource(clip), producer, { startAtMs: Date.now() });
  await producer.close();

  for (const [what, key] of await keysOfJob(server, KeyId)) keep(what, key);
  return {
    customerKey,
    secrets,
    bodies: [
      ["a small object", small],
      ["a part", part],
    ],
  };
}

/** Of an output that is encrypted and an HLS playlist whose key is given to players. */
async function keysOfJob(server: Server, AwsKmsKeyArn: string): Promise<[string, Uint8Array][]> {
  const [iam, kms, transcoder] = [new IAM(server), new KMS(server), new ElasticTranscoder(server)];
  const document = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: statement });
  const { Role } = await iam.createRole({
    RoleName: "sealer",
    AssumeRolePolicyDocument: document({
      Effect: "Allow",
      Principal: { Service: "elastictranscoder.amazonaws.com" },
      Action: "sts:AssumeRole",
    }),
  });
  const PolicyDocument = document({ Effect: "Allow", Action: ["s3:*", "kms:*"], Resource: "*" });
  await iam.putRolePolicy({ RoleName: "sealer", PolicyName: "p", PolicyDocument });
  const { Pipeline } = await transcoder.createPipeline({
    Name: "sealed",
    InputBucket: "demo-input",
    OutputBucket: "demo-output",
    Role: Role!.Arn!,
    AwsKmsKeyArn,
  });
  const { Job: made } = await transcoder.createJob({
    PipelineId: Pipeline!.Id,
    Input: { Key: "uploads/clip.mp4" },
    OutputKeyPrefix: "sealed/",
    Outputs: [
      { Key: "sound.mp3", PresetId: "1351620000001-300040", Encryption: { Mode: "aes-ctr" } },
      { Key: "hls", PresetId: "1351620000001-200071", SegmentDuration: "6" },
    ],
    Playlists: [
      {
        Name: "index",
        Format: "HLSv3",
        OutputKeys: ["hls"],
        HlsContentProtection: { Method: "aes-128", KeyStoragePolicy: "WithVariantPlaylists" },
      },
    ],
  });
  for (;;) {
    const { Job } = await transcoder.readJob({ Id: made!.Id });
    assert.notEqual(Job!.Status, "Error", JSON.stringify(Job));
    if (Job!.Status !== "Complete") {
      await sleep(300);
      continue;
    }
    const wrapped = [
      ["the key of an output", Job!.Outputs![0]!.Encryption!.Key!],
      ["the key of an HLS playlist", Job!.Playlists![0]!.HlsContentProtection!.Key!],
    ] as const;
    return Promise.all(
      wrapped.map(async ([what, key]): Promise<[string, Uint8Array]> => {
        const context = { service: "elastictranscoder.amazonaws.com" };
        const blob = Buffer.from(key, "base64");
        return [what, (await kms.decrypt({ CiphertextBlob: blob, EncryptionContext: context })).Plaintext!];
      }),
    );
  }
}

/** By name. */
async function mediaBelow(folder: string): Promise<[string, Buffer][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(".m3u8"));
  return Promise.all(
    files.map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name))] as [string, Buffer]),
  );
}

/**
 * x264 writes its settings into its pictures, and they stand in the job's log as well. No picture and no sound has so many
 * printable characters in a row.
 */
function withoutTexts(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (const { index, 0: text } of bytes.toString("latin1").matchAll(/[ -~]{32,}/g)) {
    copy.fill(0, index, index + text.length);
  }
  return copy;
}
