/**
 * GetMedia: where it begins, what it consists of, how it follows what arrives, and who reads it.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { StartSelector } from "@aws-sdk/client-kinesis-video-media";
import { block, cluster, endOfFragment, header, tags } from "../support/sent-media.ts";
import { pictures, record } from "../support/stored-media.ts";
import { endsWith, getMedia, is, openReading, parse, persisted, put, tokens } from "./media-wire.ts";
import { keys, region, type StreamsServer, startStreams } from "./streams-server.ts";

/** A stream with fragments at these timecodes, and their numbers. */
async function startStored(
  t: TestContext,
  timecodes: readonly number[],
  options: Parameters<typeof startStreams>[1] = {},
) {
  const server = await startStreams(t, options);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), ...timecodes.map((timecode) => cluster(timecode))]));
  connection.end();
  return { server, numbers: persisted(await connection.all()) };
}

/** Starts of the fragments that come at once. */
async function startsFrom(t: TestContext, server: StreamsServer, selector: StartSelector, last: string) {
  return parse(await getMedia(t, server, "cam", selector, endsWith(last))).clusters;
}

test("begins where the selector says", async (t) => {
  // 120 ms each, with a second between them.
  const { server, numbers } = await startStored(t, [10_000, 11_000, 12_000, 13_000]);
  const last = numbers.at(-1)!;
  const all = [10_000, 11_000, 12_000, 13_000];
  const at = (ms: number) => ({ StartSelectorType: "PRODUCER_TIMESTAMP", StartTimestamp: new Date(ms) }) as const;
  const cases: [StartSelector, number[]][] = [
    [{ StartSelectorType: "EARLIEST" }, all],
    [{ StartSelectorType: "NOW" }, [13_000]],
    [{ StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber: numbers[1]! }, [12_000, 13_000]],
    [{ StartSelectorType: "FRAGMENT_NUMBER", AfterFragmentNumber: "95" }, all],
    [{ StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: numbers[2]! }, [13_000]],
    [at(0), all],
    [at(10_000), all],
    [at(11_119), all.slice(1)],
    [at(11_120), all.slice(2)],
    [at(11_999), all.slice(2)],
    [at(13_000), all.slice(3)],
    [{ StartSelectorType: "SERVER_TIMESTAMP", StartTimestamp: new Date(0) }, all],
  ];
  for (const [selector, expected] of cases) {
    assert.deepEqual(await startsFrom(t, server, selector, last), expected, JSON.stringify(selector));
  }
  // Past all there is: what comes next is the first.
  for (const selector of [
    at(13_120),
    { StartSelectorType: "SERVER_TIMESTAMP", StartTimestamp: new Date(Date.now() + 60_000) },
    { StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: last },
  ] as const) {
    const reading = await openReading(t, server, "cam", selector);
    await sleep(50);
    const connection = put(server, "cam");
    await connection.write(Buffer.concat([header(), cluster(20_000), endOfFragment]));
    const [number] = persisted([(await connection.find(is("PERSISTED 20000")))!]);
    connection.end();
    assert.deepEqual(parse(await reading.until(endsWith(number!))).clusters.at(0), 20_000, JSON.stringify(selector));
  }
});

test("a selector that lacks what it needs is refused", async (t) => {
  const { server } = await startStored(t, [1000]);
  const cases: StartSelector[] = [
    { StartSelectorType: "FRAGMENT_NUMBER" },
    { StartSelectorType: "CONTINUATION_TOKEN" },
    { StartSelectorType: "CONTINUATION_TOKEN", ContinuationToken: "not-ours" },
    { StartSelectorType: "SERVER_TIMESTAMP" },
    { StartSelectorType: "PRODUCER_TIMESTAMP" },
    { StartSelectorType: "LATEST" as "NOW" },
  ];
  for (const selector of cases) {
    const name = JSON.stringify(selector);
    await assert.rejects(openReading(t, server, "cam", selector), { name: "InvalidArgumentException" }, name);
  }
  await assert.rejects(openReading(t, server, "lost", { StartSelectorType: "NOW" }), {
    name: "ResourceNotFoundException",
  });
});

test("live: a frame is at the reader before its fragment has ended, whatever it began with", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const empty = await openReading(t, server, "cam", { StartSelectorType: "NOW" });
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), tags({ room: "7" }), cluster(1000, { frames: 1 })]));
  await empty.until((bytes) => bytes.includes(Buffer.alloc(100, 1000 & 255)));
  const joining = await openReading(t, server, "cam", { StartSelectorType: "NOW" });
  const byTime = await openReading(t, server, "cam", {
    StartSelectorType: "SERVER_TIMESTAMP",
    StartTimestamp: new Date(),
  });
  for (const reading of [empty, joining, byTime]) {
    await reading.until((bytes) => bytes.includes(Buffer.alloc(100, 1000 & 255)));
    assert.ok(!reading.bytes.includes("TOKEN"));
  }
  const sentAt = performance.now();
  await connection.write(block(1, 40, 5000, 77));
  await Promise.all(
    [empty, joining, byTime].map((reading) => reading.until((bytes) => bytes.includes(Buffer.alloc(5000, 77)))),
  );
  t.diagnostic(`a frame was at three readers after ${(performance.now() - sentAt).toFixed(1)} ms`);
  await connection.write(endOfFragment);
  const [number] = persisted([(await connection.find(is("PERSISTED 1000")))!]);
  const live = await empty.until(endsWith(number!));
  assert.deepEqual(await joining.until(endsWith(number!)), live);
  assert.deepEqual(await byTime.until(endsWith(number!)), live);
  // What is read from the store is the same to the bit.
  assert.deepEqual(await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(number!)), live);
  const { order, tags: told } = parse(live);
  assert.deepEqual(order, ["ebml", "segment", "info", "tracks", "tags", "tags", "cluster", "clusterEnd", "tags"]);
  assert.deepEqual(told.map(Object.keys), [
    ["room"],
    ["AWS_KINESISVIDEO_FRAGMENT_NUMBER", "AWS_KINESISVIDEO_SERVER_TIMESTAMP", "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP"],
    ["AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "AWS_KINESISVIDEO_CONTINUATION_TOKEN"],
  ]);
  assert.equal(told[1]!.AWS_KINESISVIDEO_PRODUCER_TIMESTAMP, "1.000");
  assert.match(told[1]!.AWS_KINESISVIDEO_SERVER_TIMESTAMP!, /^\d{10}\.\d{3}$/);
  assert.equal(told[2]!.AWS_KINESISVIDEO_MILLIS_BEHIND_NOW, "0");
  connection.end();
});

test("a reader stays while its producer breaks off in a fragment and comes again", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const broken = put(server, "cam");
  await broken.write(Buffer.concat([header(), cluster(1000), block(1, 200).subarray(0, 60)]));
  const reading = await openReading(t, server, "cam", { StartSelectorType: "NOW" });
  await reading.until((bytes) => bytes.includes(Buffer.alloc(100, 1002 & 255)));
  broken.destroy();
  const again = put(server, "cam");
  await again.write(Buffer.concat([header(), cluster(1000), endOfFragment]));
  const [number] = persisted([(await again.find(is("PERSISTED 1000")))!]);
  const { clusters, packets } = parse(await reading.until(endsWith(number!)));
  assert.deepEqual([clusters, packets.length], [[1000, 1000], 6], "whole frames of the one, all of the other");
  again.end();
});

test("tells how far behind the newest fragment it is", async (t) => {
  let now = Date.now();
  const { server } = await startStored(t, [1000], { clock: () => now });
  const waiting = await openReading(t, server, "cam", { StartSelectorType: "NOW" });
  await waiting.until((bytes) => bytes.includes("TOKEN"));
  now += 2500;
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), cluster(2000), endOfFragment]));
  const [number] = persisted([(await connection.find(is("PERSISTED 2000")))!]);
  const { tags: told } = parse(await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(number!)));
  const behind = told.flatMap(({ AWS_KINESISVIDEO_MILLIS_BEHIND_NOW: ms }) => ms ?? []);
  assert.deepEqual(behind, ["2500", "0"], "though somebody waits at the live edge");
  connection.end();
});

test("a damaged fragment is told by error tags, and its neighbours come", async (t) => {
  const { server, numbers } = await startStored(t, [1000]);
  const more = put(server, "cam");
  await more.write(Buffer.concat([header(), cluster(2000), endOfFragment]));
  await more.find(is("PERSISTED 2000"));
  await more.write(Buffer.concat([cluster(3000), endOfFragment]));
  const all = [
    ...numbers,
    ...persisted([(await more.find(is("PERSISTED 2000")))!, (await more.find(is("PERSISTED 3000")))!]),
  ];
  more.end();
  const rows = await server.records.db.selectFrom("fragments").selectAll().orderBy("number").execute();
  const blobs = join(server.folder, "blobs");
  const paths = await readdir(blobs, { recursive: true });
  const pack = join(blobs, paths.find((path) => path.includes(`${rows[1]!.pack}~`))!);
  const file = await open(pack, "r+");
  const at = rows[1]!.pack_from + 100;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.of(buffer[0]! ^ 1), 0, 1, at);
  await file.close();
  const { clusters, tags: told } = parse(
    await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(all[2]!)),
  );
  assert.deepEqual(clusters, [1000, 3000]);
  const error = told.find((pairs) => "AWS_KINESISVIDEO_ERROR_ID" in pairs)!;
  assert.deepEqual(error, {
    AWS_KINESISVIDEO_FRAGMENT_NUMBER: all[1],
    AWS_KINESISVIDEO_ERROR_CODE: "INTERNAL_ERROR",
    AWS_KINESISVIDEO_ERROR_ID: "5000",
  });
  assert.deepEqual(
    told.flatMap(({ AWS_KINESISVIDEO_CONTINUATION_TOKEN: token }) => token ?? []),
    all,
  );
});

test("a reader that stalls costs no memory, and has everything when it goes on", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const first = put(server, "cam");
  await first.write(Buffer.concat([header(), cluster(1000)]));
  const readings = await Promise.all(
    [1, 2, 3].map(() => openReading(t, server, "cam", { StartSelectorType: "EARLIEST" })),
  );
  for (const reading of readings) reading.payload.pause();
  await first.write(endOfFragment);
  const before = buffersHeld();
  let most = 0;
  const clusters = 40;
  for (let at = 2; at < 2 + clusters; at++) {
    await first.write(cluster(at * 1000, { frames: 4, sizeBytes: 500_000 }));
    await first.write(endOfFragment);
    await first.find(is(`PERSISTED ${at * 1000}`));
    if (at % 5 === 0) most = Math.max(most, buffersHeld() - before);
  }
  first.end();
  const numbers = persisted(await first.all());
  assert.equal(numbers.length, clusters + 1);
  t.diagnostic(`80 MB passed three stalled readers; at most ${(most / 1e6).toFixed(0)} MB of buffers more than before`);
  assert.ok(most < 30e6, `${most} bytes`);
  for (const reading of readings) {
    reading.payload.resume();
    await reading.untilToken(numbers.at(-1)!);
    assert.deepEqual(tokens(reading.bytes), numbers);
    reading.chunks.length = 0;
    reading.payload.destroy();
  }
});

/** In bytes, without what is garbage already. */
function buffersHeld(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}

test("ends with a stream that is deleted", async (t) => {
  const { server, numbers } = await startStored(t, [1000]);
  const reading = await openReading(t, server, "cam", { StartSelectorType: "EARLIEST" });
  await reading.until(endsWith(numbers[0]!));
  const { StreamInfo } = await server.client.describeStream({ StreamName: "cam" });
  await server.client.deleteStream({ StreamARN: StreamInfo!.StreamARN });
  await reading.until(() => false);
  assert.ok(reading.ended);
});

test("FFmpeg reads what was put in: every packet at its time", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: 1 });
  const made = record(...pictures(4));
  const connection = put(server, "cam", { timecodes: "RELATIVE", start: "1600000000" });
  for (const bytes of [made.header, ...made.clusters.map(({ bytes }) => bytes)]) await connection.write(bytes);
  connection.end();
  const numbers = persisted(await connection.all());
  const bytes = await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(numbers.at(-1)!));
  const path = join(server.folder, "got.mkv");
  await writeFile(path, bytes);
  const packets = spawnSync("ffprobe", ["-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path]);
  const times = packets.stdout
    .toString()
    .trim()
    .split("\n")
    .map((line) => Math.round(Number.parseFloat(line) * 1000));
  assert.deepEqual(
    times,
    made.clusters.flatMap(({ frames }) => [...frames.values()].flat()),
  );
  // It complains of each Segment behind the first, as it does of the service's own, and reads on.
  const decoded = spawnSync("ffmpeg", ["-v", "fatal", "-i", path, "-f", "framecrc", "-"]);
  assert.deepEqual([decoded.stderr.toString(), decoded.stdout.toString().match(/^0,/gm)?.length], ["", times.length]);
});

const boto3 = spawnSync("python3", ["-c", "import boto3"]).status === 0;

test("boto3 reads it too", { skip: boto3 ? false : "boto3 is not installed" }, async (t) => {
  const { server, numbers } = await startStored(t, [1000, 2000]);
  const script = `
import boto3, sys
client = boto3.client("kinesis-video-media", endpoint_url=sys.argv[1], region_name="${region}",
  aws_access_key_id="${keys.accessKeyId}", aws_secret_access_key="${keys.secretAccessKey}")
answer = client.get_media(StreamName="cam", StartSelector={"StartSelectorType": "FRAGMENT_NUMBER", "AfterFragmentNumber": "0"})
got = b""
while got.count(b"CONTINUATION_TOKEN") < 2 or not got.endswith(sys.argv[2].encode()):
  got += answer["Payload"].read(1)
sys.stdout.write(answer["ContentType"] + " " + got.hex())
`;
  const child = spawn("python3", ["-c", script, server.url, numbers[1]!], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (bytes) => {
    said += bytes;
  });
  await once(child, "close");
  const [type, hex] = said.split(" ");
  assert.equal(type, "video/webm");
  assert.deepEqual(parse(Buffer.from(hex!, "hex")).clusters, [1000, 2000]);
});
