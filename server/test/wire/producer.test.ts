/**
 * The producer SDK against a running server: what was put in is read back from the store, frame by frame.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
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
