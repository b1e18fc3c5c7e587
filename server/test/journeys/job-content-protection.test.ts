/**
 * HLS whose segments are encrypted: FFmpeg and hls.js play it with the key, and nobody does without.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createDecipheriv, createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { CreatePresetRequest, HlsContentProtection, Job } from "@aws-sdk/client-elastic-transcoder";
import { noBrowser, openPlayers } from "../support/browser-players.ts";
import { defaultStatements } from "../support/transcoder-role.ts";
import { type JobServer, startJobServer } from "./job-server.ts";
import { makeClip } from "./millrace-process.ts";
import { rung } from "./workshop.ts";

const run = promisify(execFile);
const seconds = 4;
const frames = 25 * seconds;
const outputs = ["film/low", "film/so & so"];

test("the key lies beside the playlists, and players find it there", async (t) => {
  const server = await startJobServer(t);
  const site = await serve(t, (key) => server.get(key));
  const job = await make(t, server, { Method: "aes-128", KeyStoragePolicy: "WithVariantPlaylists" });
  const protection = protectionOf(job);
  assert.equal(protection.LicenseAcquisitionUrl, undefined);
  const key = await server.get(`${outputs[0]}.key`);
  assert.equal(key.length, 16);
  // It was made under the transcoder's own KMS key, which nobody else may use.
  const CiphertextBlob = Buffer.from(protection.Key!, "base64");
  const EncryptionContext = { service: "elastictranscoder.amazonaws.com" };
  await assert.rejects(server.kms.decrypt({ CiphertextBlob, EncryptionContext }), { name: "AccessDeniedException" });

  for (const name of outputs) {
    const playlist = (await server.get(`${name}.m3u8`)).toString();
    const iv = Buffer.from(protection.InitializationVector!, "base64").toString("hex");
    const uri = `${encodeURIComponent(name.slice("film/".length))}.key`;
    assert(playlist.includes(`#EXT-X-KEY:METHOD=AES-128,URI="${uri}",IV=0x${iv}\n`), playlist);
    assert.deepEqual(await server.get(`${name}.key`), key);
    const { ServerSideEncryption } = await server.s3().headObject({ Bucket: "job-out", Key: `${name}.key` });
    assert.equal(ServerSideEncryption, "AES256");
  }
  const segments = await keysBelow(server, outputs[0]!, ".ts");
  assert.equal(segments.length, 2);
  let size = 0;
  for (const segment of segments) {
    const stored = await server.get(segment);
    assert(!isTransportStream(stored), `${segment} lies open`);
    const iv = Buffer.from(protection.InitializationVector!, "base64");
    const decipher = createDecipheriv("aes-128-cbc", key, iv);
    assert(isTransportStream(Buffer.concat([decipher.update(stored), decipher.final()])));
    size += stored.length;
  }
  assert.equal(job.Outputs![0]!.FileSize, size);
  assert.deepEqual(await decode(`${site}/film/index.m3u8`), [frames, frames]);
  const log = await server.logOf(job.Id!);
  for (const form of ["hex", "base64"] as const) assert(!log.includes(key.toString(form)), "the key is in the log");

  await t.test("hls.js plays it to its end", { skip: noBrowser }, async (t) => {
    const players = await openPlayers(t);
    const url = `${site}/film/index.m3u8`;
    const player = await players.open({ name: "hls.js with a key", protocol: "hls", url });
    const seen = await player.until(({ ended }) => ended, 60);
    assert(Math.abs(seen.time - seconds) < 0.5, `${seen.time}`);
    assert(seen.asked.some((asked) => asked.endsWith(".key")));
    await player.close();
  });
});

test("a key of the caller's stays with the caller's own server", async (t) => {
  const server = await startJobServer(t);
  const key = Buffer.from("00112233445566778899aabbccddeeff", "hex");
  let asked = 0;
  const site = await serve(t, async (path) => {
    if (path !== "licence") return server.get(path);
    asked++;
    return key;
  });
  const KeyId = (await server.kms.createKey({})).KeyMetadata!.Arn!;
  const EncryptionContext = { service: "elastictranscoder.amazonaws.com" };
  const { CiphertextBlob } = await server.kms.encrypt({ KeyId, Plaintext: key, EncryptionContext });
  const given = {
    Method: "aes-128",
    Key: Buffer.from(CiphertextBlob!).toString("base64"),
    // Of the key itself, as the API's text says.
    KeyMd5: createHash("md5").update(key).digest("base64"),
    InitializationVector: Buffer.alloc(16, 9).toString("base64"),
    LicenseAcquisitionUrl: `${site}/licence`,
    KeyStoragePolicy: "NoStore",
  };
  const job = await make(t, server, given);
  assert.deepEqual(protectionOf(job), given);
  assert.deepEqual(await keysBelow(server, "film/", ".key"), []);
  assert.deepEqual(await decode(`${site}/film/index.m3u8`), [frames, frames]);
  assert(0 < asked);

  await t.test("and must have 128 bits", async (t) => {
    const { CiphertextBlob: long } = await server.kms.generateDataKey({ KeyId, KeySpec: "AES_256", EncryptionContext });
    const Key = Buffer.from(long!).toString("base64");
    const KeyMd5 = createHash("md5").update(long!).digest("base64");
    const failed = await make(t, server, { ...given, Key, KeyMd5 }, "too-long/");
    assert.deepEqual(
      [...failed.Outputs!, ...failed.Playlists!].map(({ StatusDetail }) => StatusDetail?.slice(0, 4)),
      ["4020", "4020", "1001"],
    );
  });
});

async function make(
  t: TestContext,
  server: JobServer,
  HlsContentProtection: HlsContentProtection,
  prefix = "",
): Promise<Job> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-protection-"));
  t.after(() => rm(folder, { recursive: true }));
  await makeClip(join(folder, "clip.mp4"), seconds);
  await server.put("clip.mp4", await readFile(join(folder, "clip.mp4")));
  const transcoder = server.transcoder();
  const { Preset } = await transcoder.createPreset(rung as CreatePresetRequest);
  return server.run({
    PipelineId: await server.pipeline(`protecting${prefix.length}`, defaultStatements),
    Input: { Key: "clip.mp4" },
    Outputs: outputs.map((Key) => ({ Key, PresetId: Preset!.Id, SegmentDuration: "2" })),
    Playlists: [{ Name: "film/index", Format: "HLSv3", OutputKeys: outputs, HlsContentProtection }],
    ...(prefix && { OutputKeyPrefix: prefix }),
  });
}

function protectionOf({ Playlists, Outputs }: Job): HlsContentProtection {
  const ends = [...Playlists!, ...Outputs!].map(({ StatusDetail, Status }) => StatusDetail ?? Status);
  assert.deepEqual(ends, ["Complete", "Complete", "Complete"]);
  return Playlists![0]!.HlsContentProtection!;
}

async function keysBelow(server: JobServer, Prefix: string, suffix: string): Promise<string[]> {
  const { Contents = [] } = await server.s3().listObjectsV2({ Bucket: "job-out", Prefix });
  return Contents.map(({ Key }) => Key!).filter((key) => key.endsWith(suffix));
}

/** How many pictures FFmpeg decodes of each variant. */
async function decode(url: string): Promise<number[]> {
  const ffmpeg = process.env.MILLRACE_FFMPEG ?? "ffmpeg";
  const args = ["-v", "error", "-i", url, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framecrc", "-"];
  const { stdout, stderr } = await run(ffmpeg, args);
  assert.equal(stderr, "");
  const streams = Array.from(stdout.matchAll(/^(\d+),/gm), ([, stream]) => Number(stream));
  return outputs.map((_, at) => streams.filter((stream) => stream === at).length);
}

function isTransportStream(bytes: Buffer): boolean {
  return [0, 188, 376].every((at) => bytes[at] === 0x47);
}

/** What `find` has under a key, for players of any origin. */
async function serve(t: TestContext, find: (key: string) => Promise<Buffer>): Promise<string> {
  const server = createServer(async (request, response) => {
    const key = decodeURIComponent(new URL(request.url!, "http://localhost").pathname.slice(1));
    const body = await find(key).catch(() => undefined);
    response.setHeader("access-control-allow-origin", "*");
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": typeOf(key) }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function typeOf(key: string): string {
  if (key.endsWith(".m3u8")) return "application/vnd.apple.mpegurl";
  return key.endsWith(".ts") ? "video/mp2t" : "application/octet-stream";
}
