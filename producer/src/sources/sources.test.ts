import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";
import { avcUnitType } from "@millrace/media/codecs/avc";
import { annexBUnits } from "@millrace/media/codecs/nal-units";
import { buildCluster, buildHeader } from "@millrace/media/matroska/writer";
import type { MediaFrame } from "../producer.ts";
import { annexBSource } from "./annex-b.ts";
import { matroskaSource } from "./matroska.ts";
import { loopSource, paceSource, pump } from "./pump.ts";
import type { FrameSource, SourceEvent } from "./source.ts";

const clips = resolve(import.meta.dirname, "../../../../shared/media");
const skip = !existsSync(clips) && "no ../shared/media";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function framesOf(source: FrameSource): Promise<MediaFrame[]> {
  return (await Array.fromAsync(source)).flatMap((event) => (event.type === "frame" ? event.frame : []));
}

/** The kinds of units of H.264, one a word; bytes after a kind's own keep first_mb_in_slice 0 (`80`) or not (`40`). */
const units = {
  delimiter: [9, 0xf0],
  sps: [0x67, 0x42, 0, 10],
  pps: [0x68, 0xce],
  idr: [0x65, 0x80, 1],
  idrRest: [0x65, 0x40, 2],
  slice: [0x41, 0x80, 3],
  sei: [6, 1, 1, 0x80],
};

const layouts: [what: string, units: (keyof typeof units)[], frames: [size: number, keyframe: boolean][]][] = [
  [
    "slices alone",
    ["idr", "slice", "slice"],
    [
      [7, true],
      [7, false],
      [7, false],
    ],
  ],
  [
    "pictures of several slices",
    ["idr", "idrRest", "slice"],
    [
      [14, true],
      [7, false],
    ],
  ],
  [
    "parameter sets before each key frame",
    ["sps", "pps", "idr", "slice", "sps", "pps", "idr"],
    [
      [21, true],
      [7, false],
      [21, true],
    ],
  ],
  [
    "delimiters and messages",
    ["delimiter", "sei", "idr", "delimiter", "sei", "slice"],
    [
      [21, true],
      [21, false],
    ],
  ],
  [
    "units after the last picture are left out",
    ["idr", "slice", "delimiter"],
    [
      [7, true],
      [7, false],
    ],
  ],
];

for (const [what, names, expected] of layouts) {
  test(`finds pictures in Annex B, in chunks of any size: ${what}`, async () => {
    for (const code of [
      [0, 0, 1],
      [0, 0, 0, 1],
    ]) {
      const bytes = Uint8Array.from(names.flatMap((name) => [...code, ...units[name]]));
      for (const size of [1, 3, 100]) {
        const frames = await framesOf(annexBSource(chunksOf(bytes, size), { codec: "h264", frameRate: 50 }));
        assert.deepEqual(
          frames.map(({ data, keyframe }) => [data.length, keyframe]),
          expected,
        );
        assert.deepEqual(
          frames.map(({ timestamp }) => timestamp),
          expected.map((_, at) => at * 20),
        );
      }
    }
  });
}

test("finds the 240 pictures that a producer's sample has", { skip }, async () => {
  const bytes = await readFile(resolve(clips, "kvs/producer_frames_1080p.h264"));
  const frames = await framesOf(annexBSource(chunksOf(bytes, 1000), { codec: "h264", frameRate: 30 }));
  assert.equal(frames.length, 240);
  const slices = [...annexBUnits(bytes)].filter((unit) => avcUnitType(unit) === 5).length;
  assert.ok(
    0 < frames.filter(({ keyframe }) => keyframe).length && frames.filter(({ keyframe }) => keyframe).length <= slices,
  );
});

test("reads Matroska in chunks of any size, pictures and sound, the same frames", { skip }, async () => {
  const path = resolve(clips, "kvs/vogels_480_with_aac.mkv");
  const whole = await framesOf(matroskaSource(chunksOf(await readFile(path), 1e9)));
  assert.deepEqual(await framesOf(matroskaSource(createReadStream(path, { highWaterMark: 777 }))), whole);
  assert.deepEqual([...new Set(whole.map(({ track }) => track))].sort(), [1, 2]);
});

test("leaves out what is neither pictures nor sound, and gives stripped headers back", async () => {
  const tracks = [
    { number: 3, kind: "other", codecId: "S_TEXT/UTF8" },
    { number: 7, kind: "audio", codecId: "A_OPUS", audio: { sampleRate: 48_000, channels: 1 } },
  ] as const;
  const frames = [
    { track: 3, timestamp: 5, keyframe: true, data: Uint8Array.of(1) },
    { track: 7, timestamp: 6, keyframe: false, data: Uint8Array.of(2, 3) },
  ];
  const bytes = Buffer.concat([buildHeader({ tracks, timestampScale: 500_000 }), buildCluster(5, frames)]);
  const events = await Array.fromAsync(matroskaSource(chunksOf(bytes, 9)));
  const [told, ...rest] = events;
  assert.ok(told?.type === "tracks");
  assert.deepEqual(
    told.tracks.map(({ number, codecId }) => [number, codecId]),
    [[7, "A_OPUS"]],
  );
  assert.deepEqual(rest, [
    { type: "frame", frame: { track: 7, timestamp: 3, keyframe: true, data: Uint8Array.of(2, 3) } },
  ]);
});

test("refuses what is no Matroska, ends early, or has nothing to send", async () => {
  await assert.rejects(
    framesOf(matroskaSource(chunksOf(Buffer.from("not a film at all"), 5))),
    /MatroskaError|invalid|EBML/i,
  );
  const subtitles = buildHeader({ tracks: [{ number: 1, kind: "other", codecId: "S_TEXT/UTF8" }] });
  await assert.rejects(framesOf(matroskaSource(chunksOf(subtitles, 99))), { code: "InvalidTrack" });
});

const frame = (track: number, timestamp: number): SourceEvent => ({
  type: "frame",
  frame: { track, timestamp, keyframe: true, data: Uint8Array.of(track) },
});
const tracks: SourceEvent = { type: "tracks", tracks: [{ number: 1, kind: "video", codecId: "V_VP8", uid: 1n }] };

test("a loop's times run on, and its tracks are told once", async () => {
  const seen: (string | number)[] = [];
  for await (const event of loopSource(() =>
    (async function* () {
      yield* [tracks, frame(1, 100), frame(1, 140)];
    })(),
  )) {
    seen.push(event.type === "tracks" ? "tracks" : event.frame.timestamp);
    if (seen.length === 6) break;
  }
  assert.deepEqual(seen, ["tracks", 100, 140, 180, 220, 260]);
});

test("a loop of nothing ends, and whoever leaves a loop closes its source", async () => {
  assert.deepEqual(await framesOf(loopSource(async function* () {})), []);
  let closed = 0;
  const source = async function* () {
    try {
      yield frame(1, 0);
      yield frame(1, 10);
    } finally {
      closed++;
    }
  };
  for await (const _ of loopSource(source)) break;
  assert.equal(closed, 1);
});

test("paces frames by their times and stops when told", async () => {
  const stop = new AbortController();
  const startedAt = performance.now();
  const at: number[] = [];
  const source = (async function* () {
    yield* [frame(1, 500), frame(1, 560), frame(1, 1e6), frame(1, 2e6)];
  })();
  setTimeout(() => stop.abort(), 150);
  for await (const _ of paceSource(source, { signal: stop.signal })) at.push(performance.now() - startedAt);
  assert.equal(at.length, 2);
  assert.ok(55 <= at[1]! - at[0]!, String(at));
  assert.ok(performance.now() - startedAt < 5000);
});

test("pumps a source so that it begins where it is to, and leaves out what lies before zero", async () => {
  const put: number[] = [];
  const producer = { put: async ({ timestamp }: MediaFrame) => void put.push(timestamp), setTracks() {} };
  await pump(
    (async function* () {
      yield* [tracks, frame(1, 700), frame(1, 690), frame(1, 740)];
    })(),
    producer,
    { startAtMs: 0 },
  );
  assert.deepEqual(put, [0, 40]);
});
