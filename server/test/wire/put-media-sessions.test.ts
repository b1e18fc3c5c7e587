/**
 * What happens to producers' connections in the course of time: pauses, breaks, overlaps, changes of the stream, the server's end.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { audio, cluster, endOfFragment, header, tags, video } from "../support/sent-media.ts";
import { endsWith, getMedia, is, openReading, parse, persisted, put, textOf } from "./media-wire.ts";
import { account, region, type StreamsServer, startStreams } from "./streams-server.ts";

async function startCamera(t: TestContext, hours = 1): Promise<StreamsServer> {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "cam", DataRetentionInHours: hours });
  return server;
}

async function storedIn(server: StreamsServer) {
  const stream = await findStream(server.records.db, { account, region }, { name: "cam" });
  return listFragmentsAfter(server.records.db, stream!.id, undefined, 1000);
}

test("a pause is told by its tag: the fragment is PERSISTED while the body stays open, and the tag is not kept", async (t) => {
  const server = await startCamera(t);
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), cluster(1000), endOfFragment]));
  const first = await connection.find(is("PERSISTED 1000"));
  await connection.write(Buffer.concat([cluster(9000), endOfFragment]));
  const last = await connection.find(is("PERSISTED 9000"));
  const [number] = persisted([last!]);
  const bytes = await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(number!));
  assert.ok(!bytes.includes("END_OF_FRAGMENT"));
  assert.deepEqual(parse(bytes).clusters, [1000, 9000]);
  assert.ok(persisted([first!])[0]! < number!);
  connection.end();
  assert.equal((await connection.all()).length, 6, "the end has nothing more to tell");
});

test("a connection that breaks in a fragment leaves nothing of it, and the next one sends it again", async (t) => {
  const server = await startCamera(t);
  const broken = put(server, "cam");
  await broken.write(Buffer.concat([header(), cluster(1000), cluster(2000).subarray(0, -50)]));
  await broken.find(is("PERSISTED 1000"));
  broken.destroy();
  const again = put(server, "cam");
  await again.write(Buffer.concat([header(), cluster(2000)]));
  again.end();
  assert.deepEqual((await again.all()).map(textOf), ["BUFFERING 2000", "RECEIVED 2000", "PERSISTED 2000"]);
  const stored = await storedIn(server);
  assert.deepEqual(
    stored.map(({ producerTimestamp, durationMs }) => [producerTimestamp, durationMs]),
    [
      [1000, 120],
      [2000, 120],
    ],
  );
  assert.equal(server.engine.live.newest(stored[0]!.streamId), undefined, "nothing is held of what broke off");
});

test("two connections at once are both taken, and read in the order of their numbers", async (t) => {
  const server = await startCamera(t);
  const [old, young] = [put(server, "cam"), put(server, "cam")];
  for (let second = 1; second <= 5; second++) {
    await old.write(second === 1 ? Buffer.concat([header(), cluster(1000)]) : cluster(second * 1000));
    await young.write(second === 1 ? Buffer.concat([header(), cluster(1500)]) : cluster(second * 1000 + 500));
  }
  old.end();
  young.end();
  const told = await Promise.all([old.all(), young.all()]);
  const numbers = told.flatMap(persisted).sort();
  assert.equal(numbers.length, 10);
  const bytes = await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(numbers.at(-1)!));
  const read = parse(bytes).tags.flatMap(({ AWS_KINESISVIDEO_FRAGMENT_NUMBER: number }) => number ?? []);
  assert.deepEqual(read, numbers);
});

test("tags belong to the cluster behind them", async (t) => {
  const server = await startCamera(t);
  const connection = put(server, "cam");
  await connection.write(
    Buffer.concat([header(), tags({ one: "1" }), cluster(1000), tags({ two: "2" }), tags({ three: "ü" })]),
  );
  await connection.write(cluster(2000));
  connection.end();
  await connection.all();
  const stored = await storedIn(server);
  const read = await Promise.all(stored.map((fragment) => server.engine.fragments.read(fragment)));
  assert.deepEqual(
    read.map(({ tags }) => tags),
    [
      [{ name: "one", value: "1" }],
      [
        { name: "two", value: "2" },
        { name: "three", value: "ü" },
      ],
    ],
  );
});

test("a producer that changes its codec goes on in the same connection", async (t) => {
  const server = await startCamera(t);
  const connection = put(server, "cam");
  const other = header([{ ...video, codecPrivate: new Uint8Array(9).fill(1) }, audio], { timestampScale: 500_000 });
  const later = cluster(4000, { tracks: [1, 2] });
  await connection.write(
    Buffer.concat([header(), cluster(1000), other, later, other, cluster(6000, { tracks: [1, 2] })]),
  );
  connection.end();
  const told = await connection.all();
  assert.deepEqual(told.filter(({ EventType }) => EventType === "PERSISTED").map(textOf), [
    "PERSISTED 1000",
    "PERSISTED 4000",
    "PERSISTED 6000",
  ]);
  const stored = await storedIn(server);
  assert.deepEqual(
    stored.map(({ producerTimestamp, durationMs }) => [producerTimestamp, durationMs]),
    [
      [1000, 120],
      [2000, 60],
      [3000, 60],
    ],
  );
  assert.equal(new Set(stored.map(({ headerId }) => headerId)).size, 2);
  const headers = await Promise.all(stored.map((fragment) => server.engine.fragments.readHeader(fragment)));
  assert.ok(Buffer.from(headers[0]!).equals(header()) && Buffer.from(headers[1]!).equals(other));
});

const picture = [
  "-f",
  "lavfi",
  "-i",
  "testsrc2=s=160x120:r=25:d=3",
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-g",
  "25",
];
const sound = ["-f", "lavfi", "-i", "sine=d=3", "-c:a", "aac"];

for (const [what, args, kept] of [
  ["as a file, of known sizes, with Cues behind", [...picture, "-bf", "2"], 3],
  ["live, of unknown sizes", [...picture, "-live", "1"], 3],
  ["with sound alone", [...sound, "-cluster_time_limit", "1000"], 3],
  ["with picture and sound", [...picture.slice(0, 4), ...sound, ...picture.slice(4), "-live", "1"], 3],
] as const) {
  test(`FFmpeg's own Matroska ${what}`, async (t) => {
    const server = await startCamera(t);
    const folder = join(server.folder, "made.mkv");
    execFileSync("ffmpeg", ["-v", "error", "-y", ...args, "-f", "matroska", folder]);
    const made = execFileSync("cat", [folder], { maxBuffer: 1 << 26 });
    const sent = parse(made);
    const connection = put(server, "cam", { timecodes: "RELATIVE", start: "1600000000" });
    await connection.write(made);
    connection.end();
    const told = await connection.all();
    assert.deepEqual(
      told.filter(({ EventType }) => EventType === "ERROR"),
      [],
    );
    assert.ok(kept <= persisted(told).length, `${persisted(told).length} fragments`);
    const last = persisted(told).at(-1)!;
    const bytes = await getMedia(t, server, "cam", { StartSelectorType: "EARLIEST" }, endsWith(last));
    assert.deepEqual(parse(bytes).packets, sent.packets);
    const stored = await storedIn(server);
    const end = stored.at(-1)!.producerTimestamp + stored.at(-1)!.durationMs - 1_600_000_000_000;
    assert.ok(2950 <= end && end <= 3060, `it lasts ${end} ms`);
  });
}

test("without retention nothing is PERSISTED nor on the disk, and readers have what is live", async (t) => {
  const server = await startCamera(t, 0);
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), cluster(1000), cluster(2000)]));
  await connection.find(is("BUFFERING 2000"));
  const reading = await openReading(t, server, "cam", { StartSelectorType: "EARLIEST" });
  await connection.write(Buffer.concat([cluster(3000), endOfFragment]));
  const bytes = await reading.until((bytes) => bytes.toString("latin1").split("TOKEN").length === 4);
  assert.deepEqual(parse(bytes).clusters, [1000, 2000, 3000]);
  await connection.find(is("RECEIVED 3000"));
  assert.ok(!connection.acknowledgements.some(({ EventType }) => EventType === "PERSISTED"));
  assert.deepEqual(await storedIn(server), []);
  const kept = await readdir(join(server.folder, "blobs"), { recursive: true, withFileTypes: true });
  assert.deepEqual(
    kept.filter((entry) => entry.isFile()),
    [],
  );

  // From now on it is kept.
  const { StreamInfo } = await server.client.describeStream({ StreamName: "cam" });
  await server.client.updateDataRetention({
    StreamName: "cam",
    CurrentVersion: StreamInfo!.Version,
    Operation: "INCREASE_DATA_RETENTION",
    DataRetentionChangeInHours: 1,
  });
  await server.engine.ingest.tick();
  await connection.write(Buffer.concat([cluster(4000), endOfFragment]));
  assert.ok(await connection.find(is("PERSISTED 4000")));
  assert.deepEqual(
    (await storedIn(server)).map(({ producerTimestamp }) => producerTimestamp),
    [4000],
  );
  const all = await reading.until((bytes) => bytes.toString("latin1").split("TOKEN").length === 5);
  assert.deepEqual(parse(all).clusters, [1000, 2000, 3000, 4000]);
  connection.end();
});

test("who wants no acknowledgements is told errors alone", async (t) => {
  const server = await startCamera(t);
  const headers = { "x-amzn-fragment-acknowledgment-required": "0" };
  const quiet = put(server, "cam", { headers });
  await quiet.write(Buffer.concat([header(), cluster(1000)]));
  quiet.end();
  assert.deepEqual(await quiet.all(), []);
  assert.equal((await storedIn(server)).length, 1);
  const wrong = put(server, "cam", { headers });
  await wrong.write(Buffer.concat([header(), cluster(2000), cluster(1000)]));
  assert.deepEqual((await wrong.all()).map(textOf), ["ERROR 4004 1000"]);
  wrong.destroy();
});

test("a silent producer is told so from the second tick on, and left after the sixth", async (t) => {
  const server = await startCamera(t);
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), cluster(1000)]));
  await connection.find(is("BUFFERING 1000"));
  const tick = async () => {
    await server.engine.ingest.tick();
    await sleep(20);
  };
  for (let count = 0; count < 5; count++) await tick();
  await connection.write(cluster(2000));
  await connection.find(is("BUFFERING 2000"));
  const idle = () => connection.acknowledgements.filter(is("IDLE")).length;
  assert.equal(idle(), 4);
  for (let count = 0; count < 6; count++) await tick();
  assert.equal(idle(), 9);
  await tick();
  const told = await connection.all();
  assert.equal(told.filter(is("IDLE")).length, 9);
  assert.deepEqual(persisted(told).length, 1, "what was not whole is not kept");
  connection.destroy();
});

test("a server that stops brings to its end what it received, and lets producers and readers go", async (t) => {
  const server = await startCamera(t);
  const connection = put(server, "cam");
  const reading = await openReading(t, server, "cam", { StartSelectorType: "EARLIEST" });
  await connection.write(Buffer.concat([header(), cluster(1000), cluster(2000)]));
  await connection.find(is("RECEIVED 1000"));
  await reading.until((bytes) => bytes.includes("TOKEN"));
  server.engine.letGo();
  const told = await connection.all();
  assert.deepEqual(told.map(textOf).sort(), ["BUFFERING 1000", "BUFFERING 2000", "PERSISTED 1000", "RECEIVED 1000"]);
  assert.equal(connection.failure, undefined);
  await reading.until(() => false);
  assert.equal(reading.payload.errored, null, "its body ends as one that is whole");
  connection.destroy();
});
