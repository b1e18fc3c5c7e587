/**
 * The producer SDK against a running server: what was put in is read back from the store, frame by frame.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { buildAdtsHeader, parseAudioSpecificConfig } from "@millrace/media/codecs/aac";
import { parseAvcConfig } from "@millrace/media/codecs/avc";
import { annexBUnits } from "@millrace/media/codecs/nal-units";
import { parseFragment } from "@millrace/media/matroska/fragment";
import { openProducer as openInBrowser } from "@millrace/producer";
import {
  type FrameSource,
  type MediaFrame,
  matroskaSource,
  openProducer,
  openSource,
  type ProducerEvent,
  type ProducerOptions,
  pump,
} from "@millrace/producer/node";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { account, keys, nobody, region, type StreamsServer, startStreams } from "./streams-server.ts";

const media = resolve(import.meta.dirname, "../../../../shared/media");
const skip = !existsSync(media) && "no ../shared/media";

type Seen = { track: number; timestamp: number; keyframe: boolean; size: number; sha256: string };

function seen({ track, timestamp, keyframe, data }: MediaFrame): Seen {
  const sha256 = createHash("sha256").update(data).digest("hex");
  return { track, timestamp: Math.round(timestamp), keyframe, size: data.length, sha256 };
}

/** All that is stored, in the order of fragment numbers. */
async function readStored({ records, engine }: StreamsServer, name: string) {
  const stream = await findStream(records.db, { account, region }, { name });
  const rows = await listFragmentsAfter(records.db, stream!.id, undefined, 1000);
  const fragments = [];
  for (const row of rows) {
    const header = await engine.fragments.readHeader(row);
    const { body, tags } = await engine.fragments.read(row);
    const { frames, tracks } = parseFragment(header, body);
    fragments.push({ row, tags, tracks, frames: frames.map(seen) });
  }
  return fragments;
}

function optionsOf({ url }: StreamsServer, more: Partial<ProducerOptions> = {}): ProducerOptions {
  return { stream: "camera", region, credentials: keys, endpoint: url, create: { retentionHours: 1 }, ...more };
}

/** Also says what was put in. */
async function* noting(source: FrameSource, into: Seen[], startAtMs: number): FrameSource {
  let offset: number | undefined;
  for await (const event of source) {
    if (event.type === "frame") {
      offset ??= startAtMs - event.frame.timestamp;
      into.push(seen({ ...event.frame, timestamp: event.frame.timestamp + offset }));
    }
    yield event;
  }
}

for (const [file, tracks] of [
  ["kvs/bezos_vogels_720p.mkv", 1],
  ["kvs/vogels_480_with_aac.mkv", 2],
  ["video/counter_1080p30_hevc_aac.mp4", 2],
  ["video/bbb_720p24_42s_h264_aac.mp4", 2],
] as const) {
  test(`what was put in of ${file} is stored with the same times, sizes and sums`, { skip }, async (t) => {
    const server = await startStreams(t);
    const events: ProducerEvent[] = [];
    const producer = await openProducer(optionsOf(server, { mode: "offline", onEvent: (event) => events.push(event) }));
    const startAtMs = 1_700_000_000_000;
    const put: Seen[] = [];
    await pump(noting(await openSource(join(media, file)), put, startAtMs), producer, { startAtMs });
    await producer.close();
    const stored = await readStored(server, "camera");
    assert.deepEqual(
      stored.flatMap(({ frames }) => frames),
      put,
    );
    assert.ok(stored.every((fragment) => fragment.tracks.length === tracks));
    const { metrics } = producer;
    assert.equal(metrics.fragments.persisted, stored.length);
    assert.deepEqual(
      [metrics.fragments.waiting, metrics.fragments.dropped, metrics.framesDropped, metrics.buffer.bytes],
      [0, 0, 0, 0],
    );
    const persisted = events.filter((event) => event.type === "acknowledged" && event.kind === "PERSISTED");
    assert.deepEqual(
      persisted.map((event) => event.type === "acknowledged" && event.fragmentNumber),
      stored.map(({ row }) => row.number),
    );
    assert.equal(producer.state, "closed");
  });
}

/** Twelve seconds of pictures and sound. */
async function someFrames(): Promise<MediaFrame[]> {
  const frames: MediaFrame[] = [];
  for await (const event of matroskaSource(createReadStream(join(media, "kvs/vogels_480_with_aac.mkv")))) {
    if (event.type === "frame" && event.frame.timestamp < 12_000) frames.push(event.frame);
  }
  return frames;
}

const tracksOf = async (path: string) => {
  for await (const event of matroskaSource(createReadStream(path))) if (event.type === "tracks") return event.tracks;
  throw new Error("no tracks");
};

test("wrong keys, no rights and a missing stream are said clearly, and at once", { skip }, async (t) => {
  const server = await startStreams(t);
  const wrong = { ...keys, secretAccessKey: "wrong" };
  const open = (more: Partial<ProducerOptions>) => openProducer(optionsOf(server, more));
  await assert.rejects(open({ credentials: wrong }), { code: "InvalidSignatureException", status: 403 });
  await assert.rejects(open({ credentials: nobody }), { status: 401 });
  await assert.rejects(open({ create: undefined }), { code: "ResourceNotFoundException", message: /no stream camera/ });
  await assert.rejects(open({ endpoint: "http://127.0.0.1:9" }), { code: "NetworkError", message: /127\.0\.0\.1:9/ });
  await assert.rejects(
    open({
      credentials: async () => {
        throw new Error("the vault is shut");
      },
    }),
    /the vault is shut/,
  );
});

test("renewed keys open a new connection at the next fragment, beside the old one, and nothing is lost", {
  skip,
}, async (t) => {
  const server = await startStreams(t);
  let asked = 0;
  const credentials = async () => {
    asked++;
    return { ...keys, expiration: new Date(Date.now() + 400) };
  };
  const producer = await openProducer(
    optionsOf(server, { credentials, tracks: await tracksOf(join(media, "kvs/vogels_480_with_aac.mkv")) }),
  );
  const put: Seen[] = [];
  const startedAt = Date.now();
  for (const frame of await someFrames()) {
    const timestamp = startedAt + frame.timestamp;
    put.push(seen({ ...frame, timestamp }));
    await producer.put({ ...frame, timestamp });
    // Ten times as fast as it was filmed.
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, startedAt + frame.timestamp / 10 - Date.now())));
  }
  await producer.close();
  const { connections, fragments } = producer.metrics;
  assert.ok(2 <= connections.opened && 2 <= asked, JSON.stringify({ connections, asked }));
  assert.deepEqual([connections.failed, connections.open, fragments.errors], [0, 0, 0]);
  const stored = await readStored(server, "camera");
  assert.deepEqual(
    stored.flatMap(({ frames }) => frames),
    put,
  );
});

test("a browser's requests carry whole fragments, and their acknowledgements come back", { skip }, async (t) => {
  const server = await startStreams(t);
  const producer = await openInBrowser(optionsOf(server, { mode: "offline" }));
  const put: Seen[] = [];
  const source = matroskaSource(createReadStream(join(media, "kvs/vogels_480_with_aac.mkv"), { highWaterMark: 4096 }));
  await pump(noting(source, put, 5000), producer, { startAtMs: 5000 });
  await producer.close();
  const stored = await readStored(server, "camera");
  assert.deepEqual(
    stored.flatMap(({ frames }) => frames),
    put,
  );
  const { connections, fragments } = producer.metrics;
  assert.ok(1 <= connections.opened && connections.failed === 0, JSON.stringify(connections));
  assert.equal(fragments.persisted, stored.length);
});

test("without retention RECEIVED is the last word, and nothing waits for more", { skip }, async (t) => {
  const server = await startStreams(t);
  const producer = await openProducer(optionsOf(server, { create: { retentionHours: 0 }, mode: "offline" }));
  await pump(await openSource(join(media, "kvs/bezos_vogels_720p.mkv")), producer, { startAtMs: Date.now() });
  await producer.close();
  const { fragments, buffer } = producer.metrics;
  assert.ok(0 < fragments.received);
  assert.deepEqual([fragments.persisted, fragments.waiting, buffer.bytes], [0, 0, 0]);
});

test("tracks that change get a connection of their own, and tags come with their fragments", { skip }, async (t) => {
  const server = await startStreams(t);
  const producer = await openProducer(optionsOf(server, { mode: "offline", timecodes: "relative", startTimeMs: 1e12 }));
  producer.setTags({ place: "door" }, { persistent: true });
  await pump(await openSource(join(media, "kvs/bezos_vogels_720p.mkv")), producer, { startAtMs: 0 });
  producer.setTags({ half: "second" });
  await pump(await openSource(join(media, "video/counter_1080p30_hevc_aac.mp4")), producer, { startAtMs: 30_000 });
  await producer.close();
  assert.throws(() => producer.setTags({ AWS_x: "1" }), { code: "InvalidTag" });
  const stored = await readStored(server, "camera");
  const codecs = stored.map(({ tracks }) => tracks.map(({ codecId }) => codecId).join());
  assert.deepEqual([...new Set(codecs)], ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC,A_AAC"]);
  const firstHevc = codecs.indexOf("V_MPEGH/ISO/HEVC,A_AAC");
  const named = stored.map(({ tags }) => Object.fromEntries(tags.map(({ name, value }) => [name, value])));
  assert.ok(named.every(({ place }) => place === "door"));
  assert.deepEqual(
    named.flatMap(({ half }, at) => (half === "second" ? at : [])),
    [firstHevc],
  );
  assert.equal(stored[0]!.row.producerTimestamp, 1e12);
  assert.equal(producer.metrics.connections.opened, 2);
});

test("raw H.264 from a file tells its own track, and every picture arrives with lengths before its units", {
  skip,
}, async (t) => {
  const server = await startStreams(t);
  const producer = await openProducer(optionsOf(server, { mode: "offline" }));
  const path = join(media, "kvs/producer_frames_1080p.h264");
  await pump(await openSource(path, { frameRate: 24 }), producer, { startAtMs: 0 });
  await producer.close();
  const stored = await readStored(server, "camera");
  const frames = stored.flatMap(({ frames }) => frames);
  assert.equal(frames.length, 240);
  assert.equal(frames.at(-1)!.timestamp, Math.round((239 * 1000) / 24));
  const [track] = stored[0]!.tracks;
  assert.deepEqual(track!.video, { width: 1920, height: 1080 });
  assert.equal(parseAvcConfig(track!.codecPrivate!).lengthSize, 4);
  assert.ok(stored.every(({ frames }) => frames[0]!.keyframe));
  const units = [...annexBUnits(await readFile(path))];
  assert.equal(
    frames.reduce((sum, { size }) => sum + size, 0),
    units.reduce((sum, { length }) => sum + 4 + length, 0),
  );
});

test("AAC with ADTS headers tells its own track too, and frames wait until all tracks are known", {
  skip,
}, async (t) => {
  const server = await startStreams(t);
  const path = join(media, "kvs/vogels_480_with_aac.mkv");
  const [video, audio] = await tracksOf(path);
  const producer = await openProducer(optionsOf(server, { mode: "offline" }));
  producer.setTracks([video!, { number: audio!.number, kind: "audio", codecId: "A_AAC" }]);
  const config = parseAudioSpecificConfig(audio!.codecPrivate!);
  const put: Seen[] = [];
  for (const frame of await someFrames()) {
    put.push(seen(frame));
    const isSound = frame.track === audio!.number;
    const data = isSound ? Buffer.concat([buildAdtsHeader(config, frame.data.length), frame.data]) : frame.data;
    await producer.put({ ...frame, data });
  }
  await producer.close();
  const stored = await readStored(server, "camera");
  assert.deepEqual(
    stored.flatMap(({ frames }) => frames),
    put,
  );
  const built = parseAudioSpecificConfig(stored[0]!.tracks[1]!.codecPrivate!);
  assert.deepEqual(
    [built.objectType, built.sampleRate, built.channels],
    [config.objectType, config.sampleRate, config.channels],
  );
});

test("whoever leaves a source that FFmpeg reads ends its process", { skip }, async () => {
  const source = await openSource(join(media, "video/bbb_720p24_42s_h264_aac.mp4"));
  let frames = 0;
  for await (const event of source) if (event.type === "frame" && ++frames === 3) break;
  const children = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8").catch(() => "")).trim();
  assert.equal(children, "");
  const missing = await openSource(join(media, "README.md"), { audio: "aac", ffmpeg: "/no/such/ffmpeg" });
  await assert.rejects(Array.fromAsync(missing), { code: "SourceError", message: /ffmpeg is missing/ });
  await assert.rejects(Array.fromAsync(await openSource(join(media, "README.md"), { audio: "aac" })), {
    code: "SourceError",
    message: /Invalid data found/,
  });
});
