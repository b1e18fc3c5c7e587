/**
 * The Matroska reader under fuzz: it throws nothing but MatroskaError, says the same whatever the chunks, tells each
 * event when its bytes have come and not before, and stays in its error. Stored fragments are read by it too.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { MatroskaEvent } from "@millrace/media/matroska/events";
import { parseFragment } from "@millrace/media/matroska/fragment";
import { ids } from "@millrace/media/matroska/ids";
import { MatroskaError } from "@millrace/media/matroska/matroska-error";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { SimpleTag } from "@millrace/media/matroska/tags";
import {
  buildCluster,
  buildClusterStart,
  buildHeader,
  buildSimpleBlockStart,
  buildTags,
} from "@millrace/media/matroska/writer";
import type { Track } from "@millrace/media/track";
import { type Chance, chanceOf } from "./chance.ts";
import type { FuzzTarget } from "./fuzz.ts";

/** Small, so that inputs come near them. */
const limits = { headerBytes: 2048, clusterBytes: 3000, clusterFrames: 100 };

const seeds = [...builtDocuments(), ...realDocuments()];

/** Every ID, and sizes of every length: zero, small, huge and unknown. */
const tokens = [
  ...Object.values(ids).map((id) => bytesOf(id.toString(16).padStart(2 * Math.ceil(id.toString(16).length / 2), "0"))),
  ...["80", "81", "84", "8a", "c0", "fe", "ff", "4000", "4010", "7fff", "1000000a", "0100000000000004"].map(bytesOf),
  ...["0100ffffffffffff", "01fffffffffffffe", "01ffffffffffffff", "00", "02", "06", "04"].map(bytesOf),
];

export const matroskaReader: FuzzTarget = {
  name: "matroska-reader",
  seeds,
  tokens,
  run(input) {
    const whole = outcomeOf(input, () => input.length);
    const split = outcomeOf(input, chunkSizes(chanceOf(input.length, mixedBytes(0, input))));
    if (split.fingerprint !== whole.fingerprint || split.error !== whole.error) {
      assert.fail(`what is read depends on the chunks: ${split.error} in chunks, ${whole.error} at once`);
    }
    return whole.error === undefined;
  },
};

export const matroskaFragment: FuzzTarget = {
  name: "matroska-fragment",
  seeds,
  tokens,
  run(input) {
    const cut = chanceOf(input.length, mixedBytes(0, input))(input.length + 1);
    try {
      const { frames } = parseFragment(input.subarray(0, cut), input.subarray(cut), limits);
      assert.ok(frames.length <= limits.clusterFrames);
      return true;
    } catch (error) {
      if (error instanceof MatroskaError) return false;
      throw error;
    }
  },
};

type Outcome = { fingerprint: number; error: string | undefined };

function outcomeOf(input: Uint8Array, nextSize: () => number): Outcome {
  let fingerprint = 0;
  let told = 0;
  let failed: unknown;
  const reader = new MatroskaReader((event) => {
    checkSpan(event, told, reader.received);
    told = event.type === "clusterEnd" ? told : event.start;
    fingerprint = mixedIn(fingerprint, event);
  }, limits);
  try {
    for (let at = 0; at < input.length; ) {
      const next = Math.min(input.length, at + nextSize());
      reader.push(input.subarray(at, next));
      at = next;
    }
    reader.end();
    return { fingerprint, error: undefined };
  } catch (error) {
    failed = error;
  }
  if (!(failed instanceof MatroskaError)) throw failed;
  if (input.length < failed.offset) assert.fail("an error past the end");
  try {
    reader.push(input);
  } catch (again) {
    if (again === failed) return { fingerprint, error: failed.message };
  }
  assert.fail("the reader goes on after an error");
}

function checkSpan(event: MatroskaEvent, after: number, received: number): void {
  const inOrder = event.type === "clusterEnd" || event.type === "cluster" || after <= event.start;
  if (!inOrder || event.end <= event.start || received < event.end)
    assert.fail("an event before its bytes, or out of order");
  if (event.type === "frame") {
    const { start, dataStart, dataEnd, end } = event;
    if (dataStart <= start || dataEnd < dataStart || end < dataEnd) assert.fail("a frame that is not in its block");
  }
}

const nothing = new Uint8Array();

/** A number that says, for nearly all events, whether two are the same in what can go wrong. */
function mixedIn(hash: number, event: MatroskaEvent): number {
  const mixed = mixedNumber(mixedNumber(hash, event.start), event.end);
  switch (event.type) {
    case "frame": {
      const flags = Number(event.keyframe) + 2 * Number(event.discardable) + 4 * Number(event.invisible);
      const time = mixedNumber(mixedNumber(mixedNumber(mixed, event.track), event.timestamp), event.duration ?? -1);
      return mixedNumber(mixedNumber(mixedNumber(time, flags), event.dataStart), event.dataEnd);
    }
    case "cluster":
      return mixedNumber(mixed, event.timestamp);
    case "info":
      return mixedString(mixedNumber(mixed, event.info.timestampScale), event.info.title);
    case "tracks":
      return event.tracks.reduce(mixedTrack, mixed);
    case "tags":
      return event.tags.reduce((sum, tag) => tag.simpleTags.reduce(mixedTag, sum + 1), mixed);
    default:
      return mixedString(mixed, event.type);
  }
}

function mixedTrack(hash: number, { number, codecId, name, codecPrivate }: Track): number {
  return mixedBytes(mixedString(mixedString(mixedNumber(hash, number), codecId), name), codecPrivate);
}

function mixedTag(hash: number, { name, value, nested }: SimpleTag): number {
  const mixed = mixedString(hash, name);
  return nested.reduce(mixedTag, value instanceof Uint8Array ? mixedBytes(mixed, value) : mixedString(mixed, value));
}

function mixedNumber(hash: number, value: number): number {
  return Math.imul(hash ^ value ^ (value / 0x1_0000_0000), 0x01000193);
}

function mixedString(hash: number, text = ""): number {
  let mixed = hash ^ text.length;
  for (let at = 0; at < text.length; at++) mixed = mixedNumber(mixed, text.charCodeAt(at));
  return mixed;
}

function mixedBytes(hash: number, bytes: Uint8Array = nothing): number {
  let mixed = hash ^ bytes.length;
  for (let at = 0; at < bytes.length; at++) mixed = mixedNumber(mixed, bytes[at]!);
  return mixed;
}

/** Single bytes, small chunks or large ones. */
function chunkSizes(chance: Chance): () => number {
  const most = [1, 9, 30, 30, 100, 100, 400, 400][chance(8)]!;
  return () => 1 + chance(most);
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/\s/g, ""), "hex"));
}

function builtDocuments(): Uint8Array[] {
  const frame = (sizeBytes: number) => new Uint8Array(sizeBytes).fill(0x55);
  const tracks = [
    {
      number: 1,
      kind: "video",
      codecId: "V_MPEG4/ISO/AVC",
      name: "kinesis_video",
      codecPrivate: frame(30),
      video: { width: 320, height: 240 },
    },
    { number: 2, kind: "audio", codecId: "A_AAC", codecPrivate: frame(2), audio: { sampleRate: 48_000, channels: 2 } },
  ] as const;
  const header = buildHeader({ tracks, title: "Kinesis Video SDK", segmentUid: frame(16) });
  const block = (track: number, relativeTimestamp: number) => [
    buildSimpleBlockStart({ track, relativeTimestamp, keyframe: true, sizeBytes: 12 }),
    frame(12),
  ];
  const end = buildTags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);
  const live = [header, buildClusterStart(1_795_333_262_524, 0), ...block(1, 0), ...block(2, 7), ...block(1, 40)];
  const cluster = buildCluster(1000, [
    { track: 1, timestamp: 1000, keyframe: true, data: frame(40) },
    { track: 2, timestamp: 990, keyframe: true, data: frame(9) },
  ]);
  const rest = bytesOf(`
    1a45dfa3 8b 4282 88 6d6174726f736b61 18538067 01ffffffffffffff ec 82 0000
    1549a966 8c 2ad7b1 83 0f4240 4489 84 42c80000
    1654ae6b ae ae ac d7 81 01 83 81 02 86 85 415f414143 23e383 84 01312d00
      6d80 92 6240 8f 5034 8c 4254 81 03 4255 85 0000000109 bf 80
    1254c367 a4 7373 a1 63c0 8b 68ca 81 32 63c5 84 00000001 67c8 8f 45a3 81 41 67c8 88 45a3 81 42 4485 81 00
    1f43b675 ff bf 84 01020304 e7 82 03e8
      a3 8b 81 0000 84 02 aaaa bbbb cccc a3 8b 81 0000 82 02 01 02 aa bbbb cc
      a3 8d 81 0000 86 02 82 be a1a2 b1 c1c2c3 a0 90 a1 8b 81 0000 84 01 aaaaaa bbbbbb 9b 81 50
      a0 8a a1 85 81 0028 08 bb fb 81 fe af 81 00
    1c53bb6b 83 000000 1f43b675 8a e7 81 07 a3 85 81 0000 80 aa`);
  return [
    Buffer.concat([...live, end]),
    Buffer.concat([header, cluster, cluster, end]),
    Buffer.concat([...live, ...live]),
    rest,
    Buffer.concat([rest, header, cluster]),
  ];
}

/** The first kilobyte of what real producers sent, where the optional folder is there. */
function realDocuments(): Uint8Array[] {
  const folder = resolve(fileURLToPath(import.meta.url), "../../../../../shared/media/kvs");
  const files = globSync(`${folder}/**/*.mkv`).sort();
  return files.map((file) => new Uint8Array(readFileSync(file).subarray(0, 1024)));
}
