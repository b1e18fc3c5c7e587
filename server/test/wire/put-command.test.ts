/**
 * `millrace put` as a process, beside a running server.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { makeClip } from "../journeys/millrace-process.ts";
import { account, keys, region, type StreamsServer, startStreams } from "./streams-server.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");

async function clipIn(t: TestContext, seconds: number, name = "clip.mp4"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-put-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await makeClip(path, seconds);
  return path;
}

function put(t: TestContext, { url, folder }: StreamsServer, args: string[], stdin: "ignore" | "pipe" = "ignore") {
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
  const command = [...runtime, main, "put", "--data", folder, ...args];
  const child: ChildProcess = spawn(process.execPath, command, { env, stdio: [stdin, "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (text += chunk));
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "close").then(([code]) => ({ code: code as number, text }));
  return { child, ended, said: () => text };
}

async function storedOf({ records, engine }: StreamsServer, name: string) {
  const stream = await findStream(records.db, { account, region }, { name });
  const rows = await listFragmentsAfter(records.db, stream!.id, undefined, 1000);
  return { rows, tags: await Promise.all(rows.map(async (row) => (await engine.fragments.read(row)).tags)) };
}

test("put makes a stream, sends a film and waits until all of it is kept", async (t) => {
  const server = await startStreams(t);
  const clip = await clipIn(t, 4);
  const args = ["--stream", "film", "--create", "--retention", "2", "--tags", "place=door,take=1"];
  const { code, text } = await put(t, server, [...args, "--start", "2026-01-02T03:04:05Z", clip]).ended;
  assert.equal(code, 0, text);
  assert.match(text, /\n\d{3} frames, (\d+) fragments received, \1 persisted, 0 frames dropped\n$/);
  const { rows, tags } = await storedOf(server, "film");
  // Its sound begins a moment before its first picture.
  const late = rows[0]!.producerTimestamp - Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.ok(0 <= late && late < 50, `${late} ms`);
  for (const each of tags) {
    assert.deepEqual(
      each.map(({ name, value }) => [name, value]),
      [
        ["place", "door"],
        ["take", "1"],
      ],
    );
  }
  const info = await server.client.describeStream({ StreamName: "film" });
  assert.equal(info.StreamInfo!.DataRetentionInHours, 2);
});

test("put takes MP4 and MPEG-TS from standard input", async (t) => {
  const server = await startStreams(t);
  for (const name of ["clip.ts", "clip.mkv"]) {
    const clip = await clipIn(t, 3, name);
    const { child, ended } = put(t, server, ["--stream", "pipe", "--create", "-"], "pipe");
    createReadStream(clip).pipe(child.stdin!);
    const { code, text } = await ended;
    assert.equal(code, 0, text);
    assert.match(text, /[1-9]\d* persisted, 0 frames dropped/);
  }
});

test("put in real time goes on until Ctrl-C, and then waits for the rest", async (t) => {
  const server = await startStreams(t);
  const clip = await clipIn(t, 1, "clip.mkv");
  const { child, ended, said } = put(t, server, ["--stream", "live", "--create", "--realtime", "--loop", clip]);
  const deadline = Date.now() + 60_000;
  const isStored = async () =>
    server.client.describeStream({ StreamName: "live" }).then(() => storedOf(server, "live"));
  while ((await isStored().catch(() => ({ rows: [] }))).rows.length < 3) {
    assert.ok(Date.now() < deadline && child.exitCode === null, said());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill("SIGINT");
  const { code, text } = await ended;
  assert.equal(code, 0, text);
  const [, persisted] = /(\d+) persisted, 0 frames dropped\n$/.exec(text) ?? [];
  assert.equal((await storedOf(server, "live")).rows.length, Number(persisted), text);
});

test("put says what is wrong, in a sentence", async (t) => {
  const server = await startStreams(t);
  const cases: [args: string[], code: number, text: RegExp][] = [
    [["--help"], 0, /usage: millrace put --stream NAME FILE\|URL\|-/],
    [["film.mp4"], 2, /say put --stream NAME/],
    [["--stream", "s", "/nowhere.mp4"], 2, /cannot read \/nowhere.mp4/],
    [["--stream", "s", "--tags", "x", "f"], 2, /--tags must be NAME=VALUE/],
    [["--stream", "missing", import.meta.filename], 1, /millrace: there is no stream missing\n$/],
    [["--stream", "s", "--create", import.meta.filename], 1, /millrace: ffprobe cannot read .*put-command.test.ts/],
  ];
  for (const [args, code, expected] of cases) {
    const ended = await put(t, server, args).ended;
    assert.match(ended.text, expected);
    assert.equal(ended.code, code, ended.text);
  }
});
