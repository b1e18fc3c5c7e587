import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Frame, Track } from "../track.ts";
import type { MatroskaEvent } from "./events.ts";
import { parseFragment } from "./fragment.ts";
import { MatroskaReader } from "./reader.ts";
import {
  buildCluster,
  buildClusterStart,
  buildHeader,
  buildSimpleBlockStart,
  buildTags,
  withOpenSegment,
} from "./writer.ts";

const bodies = new URL("../../../../shared/media/kvs/", import.meta.url);
const skip = existsSync(bodies) ? false : "the folder ../shared/media/kvs is not there";

function eventsOf(...chunks: readonly Uint8Array[]): MatroskaEvent[] {
  const events: MatroskaEvent[] = [];
  const reader = new MatroskaReader((event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return events;
}

const video: Track = {
  number: 1,
  kind: "video",
  codecId: "V_MPEG4/ISO/AVC",
  uid: 0xfedc_ba98_7654_3210n,
  name: "kamera für außen",
  language: "deu",
  codecPrivate: Uint8Array.of(1, 2, 3),
  defaultDuration: 40_000_000,
  video: { width: 70_000, height: 1080, displayWidth: 1920, displayHeight: 1080 },
};
const audio: Track = {
  number: 200,
  kind: "audio",
  codecId: "A_OPUS",
  uid: 2n,
  codecDelay: 6_500_000,
  seekPreRoll: 80_000_000,
  audio: { sampleRate: 48_000, channels: 2, bitDepth: 16 },
};
const subtitles: Track = { number: 3, kind: "other", codecId: "S_TEXT/UTF8", uid: 3n };

const ebml = "1a45dfa38b4282886d6174726f736b61";

test("reads back what it wrote: tracks, tags and frames", () => {
  const tracks = [video, audio, subtitles];
  const header = buildHeader({ tracks, timestampScale: 100_000, title: "T", segmentUid: new Uint8Array(16).fill(7) });
  const payload = Uint8Array.of(9, 8, 7);
  const timestamp = 1_795_333_262_524;
  const events = eventsOf(
    header,
    buildTags([
      { name: "A", value: "ä" },
      { name: "B", value: "" },
    ]),
    buildClusterStart(timestamp, 0),
    buildSimpleBlockStart({ track: 1, relativeTimestamp: -32768, keyframe: true, sizeBytes: 3 }),
    payload,
    buildSimpleBlockStart({
      track: 200,
      relativeTimestamp: 32767,
      keyframe: false,
      discardable: true,
      invisible: true,
      sizeBytes: 0,
    }),
  );
  const [, , info, readTracks, tags, cluster, first, second] = events;
  assert.deepEqual(info?.type === "info" && info.info, {
    timestampScale: 100_000,
    title: "T",
    muxingApp: "Millrace",
    writingApp: "Millrace",
    segmentUid: new Uint8Array(16).fill(7),
  });
  assert.deepEqual(readTracks?.type === "tracks" && readTracks.tracks, tracks);
  assert.deepEqual(tags?.type === "tags" && tags.tags, [
    {
      simpleTags: [
        { name: "A", value: "ä", nested: [] },
        { name: "B", value: "", nested: [] },
      ],
    },
  ]);
  assert.equal(cluster?.type === "cluster" && cluster.timestamp, timestamp);
  const common = { type: "frame", duration: undefined };
  // The Position stands between the Timestamp and the first block.
  const [start, middle] = [cluster!.end + 3, cluster!.end + 19];
  assert.deepEqual(
    [first, second],
    [
      {
        ...common,
        ...{ start, end: middle, dataStart: middle - 3, dataEnd: middle },
        ...{ track: 1, timestamp: timestamp - 32768, keyframe: true, discardable: false, invisible: false },
      },
      {
        ...common,
        ...{ start: middle, end: middle + 14, dataStart: middle + 14, dataEnd: middle + 14 },
        ...{ track: 200, timestamp: timestamp + 32767, keyframe: false, discardable: true, invisible: true },
      },
    ],
  );
});

test("reads back a whole cluster, its frames without copies", () => {
  const header = buildHeader({ tracks: [video, audio] });
  const frames: Frame[] = [
    { track: 1, timestamp: 1000, keyframe: true, data: new Uint8Array(20_000).fill(1) },
    { track: 200, timestamp: 990, keyframe: true, data: new Uint8Array(127).fill(2) },
    { track: 1, timestamp: 1040, keyframe: false, data: new Uint8Array(0) },
  ];
  const cluster = buildCluster(1000, frames);
  const fragment = parseFragment(header, cluster);
  assert.deepEqual(fragment, {
    tracks: [video, audio],
    timestampScale: 1_000_000,
    timestamp: 1000,
    frames,
    tags: [],
  });
  for (const { data } of fragment.frames) assert.equal(data.buffer, cluster.buffer);
});

const segmentSizes: readonly [written: string, opened: string][] = [
  ["ff", "ff"],
  ["8a", "ff"],
  ["4100", "7fff"],
  ["10000100", "1fffffff"],
  ["0100000000001000", "01ffffffffffffff"],
];
for (const [written, opened] of segmentSizes) {
  test(`opens a Segment of size ${written}`, () => {
    const bytes = (size: string) => new Uint8Array(Buffer.from(`ec80${ebml}18538067${size}ec80`, "hex"));
    const header = bytes(written);
    assert.deepEqual(withOpenSegment(header), bytes(opened));
    assert.deepEqual(header, bytes(written));
  });
}

test("refuses numbers that do not fit", () => {
  const block = { track: 1, keyframe: true, sizeBytes: 0 };
  assert.throws(() => buildSimpleBlockStart({ ...block, relativeTimestamp: 32768 }), RangeError);
  assert.throws(() => buildSimpleBlockStart({ ...block, relativeTimestamp: -32769 }), RangeError);
  assert.throws(() => buildClusterStart(-1), RangeError);
  assert.throws(() => buildClusterStart(0.5), RangeError);
});

test("writes what the C producer writes, byte for byte", { skip }, () => {
  for (const name of ["kvssink/h264-http-1.mkv", "kvssink/av-http-1.mkv"]) {
    const body = new Uint8Array(readFileSync(new URL(name, bodies)));
    const events = eventsOf(body);
    const info = events.find((event) => event.type === "info")!.info;
    let clusterTimestamp = 0;
    const written = events.flatMap((event) => {
      switch (event.type) {
        case "tracks":
          return buildHeader({ ...info, tracks: event.tracks });
        case "cluster":
          clusterTimestamp = event.timestamp;
          return buildClusterStart(event.timestamp, 0);
        case "frame": {
          const relativeTimestamp = event.timestamp - clusterTimestamp;
          const frame = body.subarray(event.dataStart, event.dataEnd);
          return [buildSimpleBlockStart({ ...event, relativeTimestamp, sizeBytes: frame.length }), frame];
        }
        default:
          return [];
      }
    });
    const all = Buffer.concat(written);
    const tags = events.at(-1)!;
    // The Tags at the end, which it codes in sizes of eight bytes.
    assert.equal(tags.type, "tags");
    assert.equal(Buffer.compare(all, body.subarray(0, tags.start)), 0, name);
  }
});

test("writes the tags that GetMedia adds, byte for byte", { skip }, () => {
  const body = new Uint8Array(readFileSync(new URL("output_get_media.mkv", bodies)));
  const added = eventsOf(body).filter(
    (event) => event.type === "tags" && event.tags[0]!.simpleTags[0]!.name.startsWith("AWS_"),
  );
  assert.equal(added.length, 10);
  for (const event of added) {
    assert.ok(event.type === "tags");
    const tags = event.tags[0]!.simpleTags.map(({ name, value }) => ({ name, value: String(value) }));
    assert.deepEqual(buildTags(tags), body.slice(event.start, event.end));
  }
});
