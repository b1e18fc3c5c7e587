import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { MatroskaEvent } from "./events.ts";
import { parseFragment } from "./fragment.ts";
import { MatroskaError } from "./matroska-error.ts";
import { MatroskaReader } from "./reader.ts";
import { buildCluster, buildHeader, buildTags } from "./writer.ts";

const bodies = new URL("../../../../shared/media/kvs/", import.meta.url);
const skip = !existsSync(bodies)
  ? "the folder ../shared/media/kvs is not there"
  : !hasFfprobe() && "ffprobe is not installed";

function hasFfprobe(): boolean {
  try {
    execFileSync("ffprobe", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** `pos` is that of the block's track number, four bytes before the frame. */
type Packet = { pts: number; size: string; flags: string; stream_index: number; pos: string };

function packetsOf(file: URL): Packet[] {
  const entries = "packet=stream_index,pts,size,flags,pos";
  const argv = ["-v", "quiet", "-of", "json", "-show_entries", entries, fileURLToPath(file)];
  return JSON.parse(execFileSync("ffprobe", argv, { encoding: "utf8", maxBuffer: 1 << 27 })).packets;
}

function eventsOf(bytes: Uint8Array, chunkBytes: () => number = () => bytes.length): MatroskaEvent[] {
  const events: MatroskaEvent[] = [];
  const reader = new MatroskaReader((event) => events.push(event));
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(bytes.length, at + chunkBytes());
    reader.push(bytes.subarray(at, next));
    at = next;
  }
  return events;
}

/** Documents, with the frames and clusters that they hold. */
const files: readonly [name: string, documents: number, clusters: number, frames: number][] = [
  ["bezos_vogels_720p.mkv", 1, 5, 546],
  ["clusters.mkv", 1, 8, 444],
  ["vogels_480_with_aac.mkv", 1, 9, 2334],
  ["output_get_media.mkv", 5, 5, 300],
  ["output-get-media-equal-timecode.mkv", 2, 2, 239],
  ["kvssink/h264-http-1.mkv", 1, 3, 150],
  ["kvssink/av-http-1.mkv", 1, 3, 429],
];

for (const [name, documents, clusters, frames] of files) {
  test(`reads the frames of ${name} as ffprobe does`, { skip }, () => {
    const file = new URL(name, bodies);
    const bytes = new Uint8Array(readFileSync(file));
    const events = eventsOf(bytes);
    const count = (type: MatroskaEvent["type"]) => events.filter((event) => event.type === type).length;
    assert.deepEqual([count("ebml"), count("cluster"), count("frame")], [documents, clusters, frames]);

    const read = events
      .filter((event) => event.type === "frame")
      .map(({ track, timestamp, keyframe, dataStart, dataEnd }) => {
        return { dataStart, track, pts: timestamp, key: keyframe, size: dataEnd - dataStart };
      });
    const probed = packetsOf(file).map(({ pos, stream_index, pts, flags, size }) => {
      return {
        dataStart: Number(pos) + 4,
        track: stream_index + 1,
        pts,
        // The C producer marks no frame of sound as a keyframe; ffprobe knows that each is one.
        key: flags.startsWith("K") && !(stream_index === 1 && name.startsWith("kvssink")),
        size: Number(size),
      };
    });
    assert.deepEqual(read, probed);
  });

  test(`reads ${name} the same in chunks of any size`, { skip }, () => {
    const bytes = new Uint8Array(readFileSync(new URL(name, bodies)));
    const whole = eventsOf(bytes);
    let state = 1;
    const random = () => (state = (state * 48_271) % 0x7fffffff);
    assert.deepEqual(
      eventsOf(bytes, () => 1),
      whole,
    );
    assert.deepEqual(
      eventsOf(bytes, () => 1 + (random() % 3000)),
      whole,
    );
  });

  test(`reads each cluster of ${name} as a fragment`, { skip }, () => {
    const bytes = new Uint8Array(readFileSync(new URL(name, bodies)));
    let documentStart = 0;
    let header = new Uint8Array();
    let expected: { timestamp: number; data: Uint8Array }[] = [];
    for (const event of eventsOf(bytes)) {
      if (event.type === "ebml") documentStart = event.start;
      if (event.type === "tracks") header = bytes.subarray(documentStart, event.end);
      if (event.type === "frame") {
        expected.push({ timestamp: event.timestamp, data: bytes.subarray(event.dataStart, event.dataEnd) });
      }
      if (event.type === "clusterEnd") {
        const fragment = parseFragment(header, bytes.subarray(event.start, event.end));
        assert.deepEqual(
          fragment.frames.map(({ timestamp, data }) => ({ timestamp, data })),
          expected,
        );
        assert.ok(fragment.frames.every(({ data }) => data.buffer === bytes.buffer));
        assert.equal(fragment.tracks[0]!.codecId, "V_MPEG4/ISO/AVC");
        expected = [];
      }
    }
  });
}

const track = { number: 1, kind: "audio", codecId: "A_AAC", uid: 1n } as const;
const header = buildHeader({ tracks: [track] });
const frames = [{ track: 1, timestamp: 5, keyframe: true, data: Uint8Array.of(1, 2) }];

test("reads the tags around a cluster", () => {
  const body = Buffer.concat([
    buildTags([{ name: "before", value: "1" }]),
    buildCluster(5, frames),
    buildTags([{ name: "after", value: "2" }]),
  ]);
  const { tags, timestamp } = parseFragment(header, body);
  assert.deepEqual(
    tags.flatMap(({ simpleTags }) => simpleTags.map(({ name }) => name)),
    ["before", "after"],
  );
  assert.equal(timestamp, 5);
});

test("gives frames back the header that was stripped from them", () => {
  const encodings = Buffer.from("6d808e62408b5034884254810342558107", "hex");
  // One byte of header, 07, in the only TrackEntry, which is the end of the document's header.
  const stripping = Buffer.concat([header, encodings]);
  const { start } = eventsOf(header).find(({ type }) => type === "tracks")!;
  for (const sizeAt of [start + 4, start + 9]) stripping.writeUInt32BE(stripping.readUInt32BE(sizeAt) + 17, sizeAt);
  assert.deepEqual(parseFragment(stripping, buildCluster(5, frames)).frames[0]!.data, Uint8Array.of(7, 1, 2));
});

const cluster = buildCluster(5, frames);
const refusals: readonly [name: string, body: Uint8Array, reason: string][] = [
  ["no cluster", new Uint8Array(), "invalid"],
  ["two clusters", Buffer.concat([cluster, cluster]), "invalid"],
  ["a cluster cut short", cluster.subarray(0, -1), "truncated"],
];
for (const [name, body, reason] of refusals) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => parseFragment(header, body),
      (error) => error instanceof MatroskaError && error.reason === reason,
    );
  });
}
