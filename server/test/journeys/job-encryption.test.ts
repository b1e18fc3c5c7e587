/**
 * Jobs whose files are encrypted: by OpenSSL and Node's own ciphers on the outside, by Millrace within, under keys that
 * unmodified clients have had from KMS.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { CreateJobOutput, Encryption, Job } from "@aws-sdk/client-elastic-transcoder";
import { accountKeyPolicy } from "../../src/storage/keys/default-key-policies.ts";
import type { JobDocument } from "../../src/storage/records/job-document.ts";
import { defaultStatements } from "../support/transcoder-role.ts";
import { type JobServer, startJobServer } from "./job-server.ts";
import { makeClip } from "./millrace-process.ts";
import { home, mp3, rung, Workshop } from "./workshop.ts";

const run = promisify(execFile);
const context = { service: "elastictranscoder.amazonaws.com" };
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("base64");
/** A red square of 8 × 8. */
const image = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGP47+CAFTEMLQkAmbNfwaFk8aAAAAAASUVORK5CYII=",
  "base64",
);

let folder: string;
let clip: Buffer;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-encryption-"));
  await makeClip(join(folder, "clip.mp4"), 2);
  clip = await readFile(join(folder, "clip.mp4"));
});
after(() => rm(folder, { recursive: true }));

type Mode = "aes-cbc-pkcs7" | "aes-ctr" | "aes-gcm";
type Raw = { mode: Mode; key: Buffer; iv: Buffer };

test("inputs and watermarks are decrypted, outputs and thumbnails encrypted, in every mode", async (t) => {
  const server = await startJobServer(t);
  const KeyId = await newKey(server);
  const PipelineId = await server.pipeline("all", defaultStatements, { AwsKmsKeyArn: KeyId });
  const presets = await presetsOf(server);
  const given = raw("aes-cbc-pkcs7", 32);
  const [input, mark] = [raw("aes-cbc-pkcs7", 16), raw("aes-gcm", 24)];
  await server.put("clip.mp4", await byOpenssl("-e", input, clip));
  await server.put("mark.png", encrypted(mark, image));

  const Watermarks = [
    { PresetWatermarkId: "corner", InputKey: "mark.png", Encryption: await asEncryption(server, KeyId, mark) },
  ];
  const asked: CreateJobOutput[] = [
    { Key: "cbc.ts", Encryption: await asEncryption(server, KeyId, given) },
    { Key: "ctr.ts", Encryption: { Mode: "aes-ctr" } },
    {
      Key: "gcm.ts",
      Encryption: { Mode: "aes-gcm", Key: "" },
      ThumbnailPattern: "thumb{count}",
      ThumbnailEncryption: { Mode: "aes-cbc-pkcs7" },
    },
    { Key: "s3.ts", Encryption: { Mode: "s3" } },
    { Key: "kms.ts", Encryption: { Mode: "s3-aws-kms" } },
  ];
  const transcoder = server.transcoder();
  const { Job: made } = await transcoder.createJob({
    PipelineId,
    Input: { Key: "clip.mp4", Encryption: await asEncryption(server, KeyId, input) },
    Outputs: asked.map((output) => ({ ...output, PresetId: presets.video, Watermarks })),
  });
  assert.deepEqual(made!.Outputs![1]!.Encryption, { Mode: "aes-ctr" });
  const job = await server.ended(made!.Id!);
  assert.deepEqual(details(job), Array(5).fill("Complete"));

  for (const { Key = "", Encryption, FileSize } of job.Outputs!) {
    const stored = await server.get(Key);
    assert.equal(FileSize, stored.length, Key);
    const isOurs = Encryption!.Mode!.startsWith("aes-");
    if (isOurs) assert(!isTransportStream(stored), `${Key} lies open`);
    const plain = isOurs ? decrypted(await rawOf(server, Encryption!), stored) : stored;
    await isVideo(plain, "ts");
  }
  // What OpenSSL says to the first, and what the thumbnails are.
  await isVideo(await byOpenssl("-d", given, await server.get("cbc.ts")), "ts");
  const thumbnail = job.Outputs![2]!.ThumbnailEncryption!;
  await isVideo(decrypted(await rawOf(server, thumbnail), await server.get("thumb00001.png")), "png");
  const heads = await Promise.all(["s3.ts", "kms.ts"].map((Key) => server.s3().headObject({ Bucket: "job-out", Key })));
  assert.deepEqual(
    heads.map(({ ServerSideEncryption, SSEKMSKeyId }) => [ServerSideEncryption, SSEKMSKeyId]),
    [
      ["AES256", undefined],
      ["aws:kms", KeyId],
    ],
  );

  const log = await server.logOf(job.Id!);
  assert.match(log, /ffmpeg/);
  const generated = await rawOf(server, job.Outputs![1]!.Encryption!);
  assert.equal(generated.key.length, 16);
  for (const { key } of [given, input, mark, generated]) {
    for (const form of ["hex", "base64"] as const) assert(!log.includes(key.toString(form)), "a key is in the log");
  }
});

test("inputs in CTR and GCM are decrypted", async (t) => {
  const server = await startJobServer(t);
  const KeyId = await newKey(server);
  const PipelineId = await server.pipeline("all", defaultStatements);
  const presets = await presetsOf(server);
  for (const input of [raw("aes-ctr", 32), raw("aes-gcm", 16)]) {
    const Key = `${input.mode}-${input.key.length}.mp4`;
    await server.put(Key, encrypted(input, clip));
    const job = await server.run({
      PipelineId,
      Input: { Key, Encryption: await asEncryption(server, KeyId, input) },
      Output: { Key: `${Key}.mp3`, PresetId: presets.audio },
    });
    assert.deepEqual(details(job), ["Complete"]);
    assert.equal(job.Input!.DetectedProperties!.FileSize, encrypted(input, clip).length);
    assert.equal(job.Output!.DurationMillis! > 1900, true);
  }
});

test("what is wrong with a key or a file ends the output with the code that the API documents", async (t) => {
  const server = await startJobServer(t);
  const KeyId = await newKey(server);
  const [open, closed] = await Promise.all([
    server.pipeline("open", defaultStatements, { AwsKmsKeyArn: KeyId }),
    server.pipeline("closed", [defaultStatements[0]!], { AwsKmsKeyArn: KeyId }),
  ]);
  const presets = await presetsOf(server);
  const good = raw("aes-gcm", 16);
  await server.put("gcm.mp4", encrypted(good, clip));
  await server.put("plain.mp4", clip);
  const disabled = await newKey(server);
  const underDisabled = await asEncryption(server, disabled, good);
  await server.kms.disableKey({ KeyId: disabled });
  const stranger = await server.pipeline("stranger", defaultStatements, { AwsKmsKeyArn: disabled });
  const wrapped = await asEncryption(server, KeyId, good);
  const odd = await server.kms.encrypt({ KeyId, Plaintext: randomBytes(20), EncryptionContext: context });
  const other = await server.kms.encrypt({ KeyId, Plaintext: good.key, EncryptionContext: { service: "other" } });

  const inputs: [what: string, pipeline: string, key: string, encryption: Encryption, ends: RegExp][] = [
    [
      "another key",
      open,
      "gcm.mp4",
      await asEncryption(server, KeyId, raw("aes-gcm", 16)),
      /^4016 .*'gcm.mp4', the tag/,
    ],
    ["no padding", open, "gcm.mp4", { ...wrapped, Mode: "aes-cbc-pkcs7" }, /^4016 .*'gcm.mp4', the (size|padding)/],
    ["a length that AES has not", open, "gcm.mp4", withKey(wrapped, odd.CiphertextBlob!), /^4017 .* 160 bits/],
    ["another context", open, "gcm.mp4", withKey(wrapped, other.CiphertextBlob!), /^4018 .*ciphertext/],
    ["no ciphertext", open, "gcm.mp4", withKey(wrapped, randomBytes(64)), /^4018 .*ciphertext/],
    ["a disabled key", open, "gcm.mp4", underDisabled, /^4018 .* is disabled\./],
    [
      "a role that may not decrypt",
      closed,
      "gcm.mp4",
      wrapped,
      /^4018 .*role\/closed is not allowed kms:Decrypt on arn:aws:kms/,
    ],
    ["a digest of something else", open, "gcm.mp4", { ...wrapped, KeyMd5: md5(randomBytes(9)) }, /^1000 .*KeyMd5/],
  ];
  for (const [what, PipelineId, Key, Encryption, ends] of inputs) {
    await t.test(what, async () => {
      const job = await server.run({
        PipelineId,
        Input: { Key, Encryption },
        Output: { Key: `${what}.mp3`, PresetId: presets.audio },
      });
      assert.equal(job.Status, "Error");
      assert.match(job.Output!.StatusDetail!, ends);
    });
  }
  const outputs: [what: string, pipeline: string, output: CreateJobOutput, ends: RegExp][] = [
    [
      "a role that may not have keys made",
      closed,
      { Encryption: { Mode: "aes-ctr" } },
      /^4019 .*not allowed kms:GenerateDataKey/,
    ],
    ["no key to make keys with", stranger, { Encryption: { Mode: "aes-ctr" } }, /^4019 .* is disabled\./],
    [
      "a role that may not use the key by S3",
      closed,
      { Encryption: { Mode: "s3-aws-kms" } },
      /^3006 .*kms:GenerateDataKey/,
    ],
  ];
  for (const [what, PipelineId, output, ends] of outputs) {
    await t.test(what, async () => {
      const job = await server.run({
        PipelineId,
        Input: { Key: "plain.mp4" },
        Outputs: [
          { Key: `${what}.mp3`, PresetId: presets.audio, ...output },
          { Key: `${what}-beside.mp3`, PresetId: presets.audio },
        ],
      });
      const [failed, beside] = job.Outputs!;
      assert.match(failed!.StatusDetail!, ends);
      assert.equal(beside!.Status, "Complete");
    });
  }
});

test("a job that begins again keeps the key that it had made", async (t) => {
  const own = await mkdtemp(join(tmpdir(), "millrace-encryption-again-"));
  const workshop = await Workshop.open(own);
  t.after(async () => {
    await workshop.close();
    await rm(own, { recursive: true });
  });
  const { arn } = await workshop.kms.create(home, {
    description: "",
    policy: accountKeyPolicy(home.account),
    tags: {},
  });
  await workshop.addPipeline("sealed", { in: "in", out: "out", thumbs: "thumbs" }, { AwsKmsKeyArn: arn });
  await workshop.put("in", "clip.mp4", join(folder, "clip.mp4"));
  const output = { Id: "1", Key: "a.ts", PresetId: "p", preset: rung, Encryption: { Mode: "aes-cbc-pkcs7" as const } };
  await workshop.submit(
    "again",
    { inputs: [{ Key: "clip.mp4" }], outputs: [{ ...output, Status: "Submitted" }], playlists: [] },
    "sealed",
  );
  const keyOf = async () =>
    (JSON.parse((await workshop.row("again")).document) as JobDocument).outputs[0]!.Encryption!.Key;
  const first = await workshop.startWorker();
  while ((await keyOf()) === undefined) await sleep(5);
  await first.close();
  assert.equal((await workshop.row("again")).status, "Progressing");
  const key = await keyOf();

  const second = await workshop.startWorker();
  const { status } = await workshop.ended("again");
  await second.close();
  assert.equal(status, "Complete");
  assert.equal(await keyOf(), key);
});

async function newKey({ kms }: JobServer): Promise<string> {
  return (await kms.createKey({})).KeyMetadata!.Arn!;
}

function raw(mode: Mode, keyBytes: number): Raw {
  return { mode, key: randomBytes(keyBytes), iv: randomBytes(16) };
}

/** As a request has it: the digest is that of what KMS made. */
async function asEncryption({ kms }: JobServer, KeyId: string, { mode, key, iv }: Raw): Promise<Encryption> {
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: key, EncryptionContext: context });
  return withKey({ Mode: mode, InitializationVector: base64(iv) }, CiphertextBlob!);
}

function withKey(encryption: Encryption, blob: Uint8Array): Encryption {
  return { ...encryption, Key: base64(blob), KeyMd5: md5(blob) };
}

/** Of an answer. */
async function rawOf({ kms }: JobServer, { Mode, Key, KeyMd5, InitializationVector }: Encryption): Promise<Raw> {
  const CiphertextBlob = Buffer.from(Key!, "base64");
  assert.equal(KeyMd5, md5(CiphertextBlob));
  const { Plaintext } = await kms.decrypt({ CiphertextBlob, EncryptionContext: context });
  return { mode: Mode as Mode, key: Buffer.from(Plaintext!), iv: Buffer.from(InitializationVector!, "base64") };
}

function encrypted({ mode, key, iv }: Raw, bytes: Buffer): Buffer {
  const bits = 8 * key.length;
  if (mode === "aes-gcm") {
    const cipher = createCipheriv(`aes-${bits}-gcm` as "aes-128-gcm", key, iv);
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
  const cipher = createCipheriv(`aes-${bits}-${mode === "aes-ctr" ? "ctr" : "cbc"}`, key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function decrypted({ mode, key, iv }: Raw, bytes: Buffer): Buffer {
  const bits = 8 * key.length;
  if (mode === "aes-gcm") {
    const decipher = createDecipheriv(`aes-${bits}-gcm` as "aes-128-gcm", key, iv).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
  }
  const decipher = createDecipheriv(`aes-${bits}-${mode === "aes-ctr" ? "ctr" : "cbc"}`, key, iv);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/** CBC. */
async function byOpenssl(direction: "-e" | "-d", { key, iv }: Raw, bytes: Buffer): Promise<Buffer> {
  const [from, to] = [join(folder, "openssl-in"), join(folder, "openssl-out")];
  await writeFile(from, bytes);
  const secret = ["-nosalt", "-K", key.toString("hex"), "-iv", iv.toString("hex")];
  await run("openssl", ["enc", direction, `-aes-${8 * key.length}-cbc`, ...secret, "-in", from, "-out", to]);
  return readFile(to);
}

function isTransportStream(bytes: Buffer): boolean {
  return [0, 188, 376].every((at) => bytes[at] === 0x47);
}

async function isVideo(bytes: Buffer, extension: string): Promise<void> {
  const path = join(folder, `looked-at.${extension}`);
  await writeFile(path, bytes);
  const asked = ["-select_streams", "v", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
  const { stdout, stderr } = await run("ffprobe", ["-v", "error", ...asked, path]);
  assert.equal(stderr, "");
  assert.equal(Number.parseInt(stdout, 10), extension === "png" ? 1 : 50);
}

async function presetsOf(server: JobServer): Promise<{ video: string; audio: string }> {
  const made = async (preset: typeof rung) => {
    const { Preset } = await server
      .transcoder()
      .createPreset(preset as Parameters<ReturnType<JobServer["transcoder"]>["createPreset"]>[0]);
    return Preset!.Id!;
  };
  return { video: await made(rung), audio: await made(mp3) };
}

function details({ Outputs }: Job): (string | undefined)[] {
  return Outputs!.map(({ Status, StatusDetail }) => StatusDetail ?? Status);
}
