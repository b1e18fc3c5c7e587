/**
 * Encryption at rest: what requests and answers say of it, who may use the keys, and what lies on the disk.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { CopyObjectCommand, type S3 } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { accountKeyPolicy } from "../../src/storage/keys/default-key-policies.ts";
import { account, documentOf, region } from "../support/identities.ts";
import { outcome, startS3Identities } from "./s3-identities-server.ts";

const Bucket = "vault";
const home = { account, region };
const mebibyte = 1 << 20;

async function open(t: TestContext) {
  const server = await startS3Identities(t);
  const root = server.s3();
  await root.createBucket({ Bucket });
  const newKey = (policy = accountKeyPolicy(account)) =>
    server.keys.create(home, { description: "", policy, tags: {} });
  return { ...server, root, newKey };
}

async function bytesOf(s3: S3, Key: string, more: object = {}): Promise<Buffer> {
  const { Body } = await s3.getObject({ Bucket, Key, ...more });
  return Buffer.from(await Body!.transformToByteArray());
}

/** All files below the folder, also SQLite's. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Files in which one of the needles, each of 32 bytes at least, lies at any offset. */
async function find(folder: string, needles: readonly Buffer[]): Promise<string[]> {
  const byStart = Map.groupBy(needles, (needle) => needle.readUInt32LE(0));
  // Tells most offsets by three bytes, which is several times as quick.
  const begun = new Uint8Array(1 << 24);
  for (const needle of needles) begun[needle.readUIntLE(0, 3)] = 1;
  const found: string[] = [];
  for (const file of await filesBelow(folder)) {
    const bytes = await readFile(file);
    const holds = (at: number) =>
      byStart.get(bytes.readUInt32LE(at))?.some((needle) => needle.equals(bytes.subarray(at, at + needle.length)));
    for (let at = 0; at + 32 <= bytes.length; at++) {
      const start = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      if (begun[start] === 0 || !holds(at)) continue;
      found.push(file.slice(folder.length + 1));
      break;
    }
  }
  return found;
}

const windows = (bytes: Buffer) =>
  Array.from({ length: Math.floor(bytes.length / 32) }, (_, index) => bytes.subarray(32 * index, 32 * index + 32));

test("seals every object without being asked, and none of its bytes lie on the disk", async (t) => {
  const { root, folder } = await open(t);
  const small = randomBytes(4096);
  const large = randomBytes(300_000);
  const parts = [randomBytes(5 * mebibyte), randomBytes(70_000)] as const;
  const put = await root.putObject({ Bucket, Key: "small", Body: small });
  assert.equal(put.ServerSideEncryption, "AES256");
  assert.equal(put.ETag, `"${createHash("md5").update(small).digest("hex")}"`);
  await root.putObject({ Bucket, Key: "large", Body: large });
  const begun = await root.createMultipartUpload({ Bucket, Key: "parts" });
  assert.equal(begun.ServerSideEncryption, "AES256");
  const uploaded = [];
  for (const [index, Body] of parts.entries()) {
    const part = { Bucket, Key: "parts", UploadId: begun.UploadId, PartNumber: index + 1 };
    const { ETag, ServerSideEncryption } = await root.uploadPart({ ...part, Body });
    assert.equal(ServerSideEncryption, "AES256");
    uploaded.push({ PartNumber: index + 1, ETag });
  }
  const completed = { Bucket, Key: "parts", UploadId: begun.UploadId, MultipartUpload: { Parts: uploaded } };
  assert.equal((await root.completeMultipartUpload(completed)).ServerSideEncryption, "AES256");
  await root.copyObject({ Bucket, Key: "copy", CopySource: `${Bucket}/parts` });

  const whole = Buffer.concat(parts);
  for (const [key, bytes] of [
    ["small", small],
    ["large", large],
    ["parts", whole],
    ["copy", whole],
  ] as const) {
    assert.ok(bytes.equals(await bytesOf(root, key)), key);
    assert.equal((await root.headObject({ Bucket, Key: key })).ServerSideEncryption, "AES256");
    const size = bytes.length;
    const edges = [0, 1, 65_535, 65_536, 65_537, 131_072, 5 * mebibyte - 1, 5 * mebibyte, 5 * mebibyte + 1, size - 1];
    for (const from of edges.filter((edge) => edge < size)) {
      for (const length of [100, 200_000]) {
        const read = await bytesOf(root, key, { Range: `bytes=${from}-${from + length - 1}` });
        assert.ok(read.equals(bytes.subarray(from, from + length)), `${key} ${from} ${length}`);
      }
    }
  }
  const needles = [small, large, ...parts].flatMap(windows);
  assert.deepEqual(await find(folder, needles), []);
  await writeFile(join(folder, "control"), whole.subarray(4_000_001, 4_000_100));
  assert.deepEqual(await find(folder, needles), ["control"]);
});

test("opens nothing of which a stored bit is another one", async (t) => {
  const { root, folder, records } = await open(t);
  const large = randomBytes(200_000);
  await root.putObject({ Bucket, Key: "large", Body: large });
  const [file] = (await filesBelow(join(folder, "blobs"))).filter((name) => name.endsWith("~"));
  const stored = await readFile(file!);
  assert.equal(stored.length, 200_000 + 4 * 16);
  for (const at of [0, 65_535, 65_536, 70_000, 131_104, 196_700, stored.length - 1]) {
    const damaged = Buffer.from(stored);
    damaged[at]! ^= 1 << (at & 7);
    await writeFile(file!, damaged);
    const heard: Uint8Array[] = [];
    const reading = root.getObject({ Bucket, Key: "large" }).then(async ({ Body }) => {
      for await (const chunk of Body as AsyncIterable<Uint8Array>) heard.push(chunk);
    });
    await assert.rejects(reading, `byte ${at}`);
    const clean = Buffer.concat(heard);
    assert.ok(clean.equals(large.subarray(0, clean.length)) && clean.length <= at, `byte ${at}: ${clean.length}`);
  }
  await writeFile(file!, stored);
  assert.ok(large.equals(await bytesOf(root, "large")));

  await root.putObject({ Bucket, Key: "small", Body: "small enough for its row" });
  const row = await records.db.selectFrom("objects").selectAll().where("key", "=", "small").executeTakeFirstOrThrow();
  const inline = Buffer.from(row.inline!);
  inline[30]! ^= 1;
  await records.db.updateTable("objects").set({ inline }).where("key", "=", "small").execute();
  assert.equal(await outcome(root.getObject({ Bucket, Key: "small" })), "500 InternalError");
});

test("objects that were stored before there were keys stay readable, and can be sealed by a copy onto themselves", async (t) => {
  const { root, records } = await open(t);
  const plain = Buffer.from("as it was");
  await root.putObject({ Bucket, Key: "old", Body: plain });
  await records.db.updateTable("objects").set({ inline: plain, encryption: null }).where("key", "=", "old").execute();
  const { ServerSideEncryption, Body } = await root.getObject({ Bucket, Key: "old" });
  assert.equal(ServerSideEncryption, undefined);
  assert.equal(await Body!.transformToString(), "as it was");
  const ontoItself = { Bucket, Key: "old", CopySource: `${Bucket}/old` };
  assert.equal(await outcome(root.copyObject(ontoItself)), "400 InvalidRequest");
  await root.copyObject({ ...ontoItself, ServerSideEncryption: "AES256" });
  assert.equal((await root.headObject({ Bucket, Key: "old" })).ServerSideEncryption, "AES256");
  const row = await records.db.selectFrom("objects").selectAll().where("key", "=", "old").executeTakeFirstOrThrow();
  assert.equal(Buffer.from(row.inline!).includes(plain), false);
});

test("SSE-KMS: by header, by bucket, with context and bucket key", async (t) => {
  const { root, newKey, keys } = await open(t);
  const key = await newKey();
  const context = Buffer.from('{"tenant":"blue"}').toString("base64");
  const put = await root.putObject({
    Bucket,
    Key: "header",
    Body: "secret",
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: key.id,
    SSEKMSEncryptionContext: context,
  });
  assert.equal(put.SSEKMSKeyId, key.arn);
  assert.deepEqual(JSON.parse(Buffer.from(put.SSEKMSEncryptionContext!, "base64").toString()), {
    tenant: "blue",
    "aws:s3:arn": `arn:aws:s3:::${Bucket}/header`,
  });
  assert.notEqual(put.ETag, `"${createHash("md5").update("secret").digest("hex")}"`);
  const got = await root.getObject({ Bucket, Key: "header" });
  assert.deepEqual([got.ServerSideEncryption, got.SSEKMSKeyId], ["aws:kms", key.arn]);
  assert.equal(await got.Body!.transformToString(), "secret");

  await root.putObject({ Bucket, Key: "default", Body: "secret", ServerSideEncryption: "aws:kms" });
  const own = (await keys.defaultKey(home, "s3")).arn;
  assert.equal((await root.headObject({ Bucket, Key: "default" })).SSEKMSKeyId, own);

  assert.deepEqual(
    (await root.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration!.Rules![0]!
      .ApplyServerSideEncryptionByDefault,
    { SSEAlgorithm: "AES256" },
  );
  const rule = { SSEAlgorithm: "aws:kms", KMSMasterKeyID: key.arn } as const;
  await root.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: rule, BucketKeyEnabled: true }],
    },
  });
  const [set] = (await root.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration!.Rules!;
  assert.deepEqual([set!.ApplyServerSideEncryptionByDefault, set!.BucketKeyEnabled], [rule, true]);
  const byBucket = await root.putObject({ Bucket, Key: "bucket", Body: "secret" });
  assert.deepEqual([byBucket.SSEKMSKeyId, byBucket.BucketKeyEnabled], [key.arn, true]);
  assert.equal((await bytesOf(root, "bucket")).toString(), "secret");
  const asked = await root.putObject({ Bucket, Key: "asked", Body: "x", ServerSideEncryption: "AES256" });
  assert.equal(asked.ServerSideEncryption, "AES256");
  await root.copyObject({ Bucket, Key: "copied", CopySource: `${Bucket}/asked` });
  assert.equal((await root.headObject({ Bucket, Key: "copied" })).SSEKMSKeyId, key.arn);

  const form = await createPresignedPost(root, {
    Bucket,
    Key: "form",
    Fields: { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key.arn },
  });
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", new Blob(["posted"]));
  const posted = await fetch(form.url, { method: "POST", body });
  assert.deepEqual([posted.status, posted.headers.get("x-amz-server-side-encryption-aws-kms-key-id")], [204, key.arn]);
  assert.equal((await bytesOf(root, "form")).toString(), "posted");

  await root.deleteBucketEncryption({ Bucket });
  const reset = await root.putObject({ Bucket, Key: "reset", Body: "x" });
  assert.equal(reset.ServerSideEncryption, "AES256");
});

test("SSE-KMS asks for the key: to write, to read, and for each part", async (t) => {
  const server = await open(t);
  const { root, newKey, user, s3: connect } = server;
  const key = await newKey();
  const ssekms = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: key.arn } as const;
  await root.putObject({ Bucket, Key: "k", Body: "secret", ...ssekms });
  const s3All = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const kms = (Action: string, Condition?: object) => ({ Effect: "Allow", Action, Resource: key.arn, Condition });
  const as = async (name: string, ...more: object[]) => connect((await user(name, [s3All, ...more])).keys);

  const none = await as("none");
  await assert.rejects(none.getObject({ Bucket, Key: "k" }), {
    name: "AccessDenied",
    message: /kms:Decrypt on resource/,
  });
  await assert.rejects(none.putObject({ Bucket, Key: "n", Body: "x", ...ssekms }), {
    name: "AccessDenied",
    message: /kms:GenerateDataKey on resource/,
  });
  assert.equal(await outcome(none.headObject({ Bucket, Key: "k" })), "allowed");
  assert.equal(await outcome(none.copyObject({ Bucket, Key: "n", CopySource: `${Bucket}/k` })), "403 AccessDenied");
  assert.equal(await outcome(none.putObject({ Bucket, Key: "n", Body: "x" })), "allowed");

  const reader = await as("reader", kms("kms:Decrypt"));
  assert.equal((await bytesOf(reader, "k")).toString(), "secret");
  assert.equal(await outcome(reader.putObject({ Bucket, Key: "n", Body: "x", ...ssekms })), "403 AccessDenied");
  const writer = await as("writer", kms("kms:GenerateDataKey"));
  assert.equal(await outcome(writer.putObject({ Bucket, Key: "n", Body: "x", ...ssekms })), "allowed");
  assert.equal(await outcome(writer.getObject({ Bucket, Key: "k" })), "403 AccessDenied");
  const { UploadId } = await writer.createMultipartUpload({ Bucket, Key: "p", ...ssekms });
  const part = { Bucket, Key: "p", UploadId, PartNumber: 1, Body: "x" };
  assert.equal(await outcome(writer.uploadPart(part)), "403 AccessDenied");
  assert.equal(await outcome(reader.uploadPart(part)), "allowed");

  const bound = await as(
    "bound",
    kms("kms:Decrypt", {
      StringEquals: {
        "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}/k`,
        "kms:ViaService": `s3.${region}.amazonaws.com`,
      },
    }),
  );
  assert.equal(await outcome(bound.getObject({ Bucket, Key: "k" })), "allowed");
  assert.equal(await outcome(bound.getObject({ Bucket, Key: "n" })), "403 AccessDenied");

  const shut = await newKey(
    documentOf({
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${account}:user/nobody` },
      Action: "kms:*",
      Resource: "*",
    }),
  );
  const byShut = { ...ssekms, SSEKMSKeyId: shut.arn };
  assert.equal(await outcome(root.putObject({ Bucket, Key: "s", Body: "x", ...byShut })), "403 AccessDenied");
});

test("a key that is disabled, pending or unknown neither seals nor opens, at once", async (t) => {
  const { root, newKey, keys } = await open(t);
  const key = await newKey();
  const ssekms = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: key.arn } as const;
  for (const [Key, BucketKeyEnabled] of [
    ["own", false],
    ["shared", true],
  ] as const) {
    await root.putObject({ Bucket, Key, Body: "secret", ...ssekms, BucketKeyEnabled });
    assert.equal((await bytesOf(root, Key)).toString(), "secret");
  }
  const both = async (BucketKeyEnabled: boolean) => [
    await outcome(root.getObject({ Bucket, Key: BucketKeyEnabled ? "shared" : "own" })),
    await outcome(root.putObject({ Bucket, Key: "new", Body: "x", ...ssekms, BucketKeyEnabled })),
  ];
  for (const [state, expected] of [
    ["Disabled", "400 KMS.DisabledException"],
    ["PendingDeletion", "400 KMS.KMSInvalidStateException"],
  ] as const) {
    await keys.change(key.id, () => ({ state }));
    for (const shared of [false, true]) assert.deepEqual(await both(shared), [expected, expected], state);
    await keys.change(key.id, () => ({ state: "Enabled" }));
    for (const shared of [false, true]) assert.deepEqual(await both(shared), ["allowed", "allowed"]);
  }
  const unknown = `arn:aws:kms:${region}:${account}:key/00000000-0000-4000-8000-000000000000`;
  assert.equal(
    await outcome(root.putObject({ Bucket, Key: "u", Body: "x", ...ssekms, SSEKMSKeyId: unknown })),
    "400 KMS.NotFoundException",
  );
  assert.equal(await outcome(root.getObject({ Bucket, Key: "u" })), "404 NoSuchKey");
});

test("SSE-C: who brings the key gets the object, in parts and copies too", async (t) => {
  const { root, folder } = await open(t);
  const secret = randomBytes(32);
  const sse = { SSECustomerAlgorithm: "AES256", SSECustomerKey: secret as unknown as string };
  const other = { ...sse, SSECustomerKey: randomBytes(32) as unknown as string };
  const body = randomBytes(100_000);
  const put = await root.putObject({ Bucket, Key: "c", Body: body, ...sse });
  const md5 = createHash("md5").update(secret).digest("base64");
  assert.deepEqual(
    [put.SSECustomerAlgorithm, put.SSECustomerKeyMD5, put.ServerSideEncryption],
    ["AES256", md5, undefined],
  );
  assert.ok(body.equals(await bytesOf(root, "c", sse)));
  assert.ok(body.subarray(70_000, 70_010).equals(await bytesOf(root, "c", { ...sse, Range: "bytes=70000-70009" })));
  assert.equal((await root.headObject({ Bucket, Key: "c", ...sse })).SSECustomerKeyMD5, md5);
  assert.equal(await outcome(root.getObject({ Bucket, Key: "c" })), "400 InvalidRequest");
  assert.equal(await outcome(root.headObject({ Bucket, Key: "c" })), "400 Unknown");
  assert.equal(await outcome(root.getObject({ Bucket, Key: "c", ...other })), "403 AccessDenied");
  await root.putObject({ Bucket, Key: "plain", Body: "p" });
  assert.equal(await outcome(root.getObject({ Bucket, Key: "plain", ...sse })), "400 InvalidRequest");

  const { UploadId } = await root.createMultipartUpload({ Bucket, Key: "parts", ...sse });
  const part = { Bucket, Key: "parts", UploadId, PartNumber: 1, Body: body };
  assert.equal(await outcome(root.uploadPart(part)), "400 InvalidRequest");
  assert.equal(await outcome(root.uploadPart({ ...part, ...other })), "403 AccessDenied");
  const { ETag } = await root.uploadPart({ ...part, ...sse });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await root.completeMultipartUpload({ Bucket, Key: "parts", UploadId, MultipartUpload });
  assert.ok(body.equals(await bytesOf(root, "parts", sse)));

  const copy = { Bucket, Key: "copy", CopySource: `${Bucket}/c` };
  assert.equal(await outcome(root.copyObject(copy)), "400 InvalidRequest");
  await root.send(
    new CopyObjectCommand({
      ...copy,
      CopySourceSSECustomerAlgorithm: "AES256",
      CopySourceSSECustomerKey: secret as unknown as string,
    }),
  );
  assert.ok(body.equals(await bytesOf(root, "copy")));
  assert.deepEqual(await find(folder, [secret, Buffer.from(secret.toString("base64")), body.subarray(0, 32)]), []);

  const blocked = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } };
  await root.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: {
      Rules: [{ ...blocked, BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] } }],
    },
  });
  assert.equal(await outcome(root.putObject({ Bucket, Key: "c", Body: "x", ...sse })), "403 AccessDenied");
});

test("refuses encryption that is asked for wrongly", async (t) => {
  const { root } = await open(t);
  const put = (more: object) => outcome(root.putObject({ Bucket, Key: "k", Body: "x", ...more }));
  const key = randomBytes(32);
  for (const [asked, expected] of [
    [{ ServerSideEncryption: "rot13" }, "400 InvalidArgument"],
    [{ ServerSideEncryption: "AES256", SSEKMSKeyId: "alias/x" }, "400 InvalidArgument"],
    [{ SSEKMSKeyId: "alias/x" }, "400 InvalidArgument"],
    [{ ServerSideEncryption: "aws:kms", SSEKMSEncryptionContext: "bm90IGpzb24=" }, "400 InvalidArgument"],
    [{ ServerSideEncryption: "aws:kms:dsse" }, "501 NotImplemented"],
    [{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: "alias/none" }, "400 KMS.NotFoundException"],
    [{ SSECustomerAlgorithm: "DES", SSECustomerKey: key }, "400 InvalidEncryptionAlgorithmError"],
    [{ SSECustomerAlgorithm: "AES256", SSECustomerKey: key.subarray(1) }, "400 InvalidArgument"],
    [{ SSECustomerAlgorithm: "AES256" }, "400 InvalidArgument"],
    [{ SSECustomerAlgorithm: "AES256", SSECustomerKey: key, ServerSideEncryption: "AES256" }, "400 InvalidArgument"],
  ] as const)
    assert.equal(await put(asked), expected, JSON.stringify(asked));
});
