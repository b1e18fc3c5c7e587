import assert from "node:assert/strict";
import { test } from "node:test";
import { digest, encode, type Packet, picture, probe, type Source, testPicture, testSound } from "../../test/ffmpeg.ts";
import { describeTrack } from "../codecs/describe-track.ts";
import { frameUnits } from "../codecs/nal-units.ts";
import type { Frame } from "../track.ts";
import { buildFragment } from "./fragment.ts";
import { buildInitSegment } from "./init.ts";

/** Frames in groups that begin where the first track has a key frame at least a second after the last. */
function fragmentsOf({ frames }: Source): Frame[][] {
  const fragments: Frame[][] = [];
  for (const frame of frames) {
    const first = fragments.at(-1)?.[0];
    const begins = frame.track === 1 && frame.keyframe && 900 <= frame.timestamp - (first?.timestamp ?? 0);
    if (first === undefined || begins) fragments.push([]);
    fragments.at(-1)!.push(frame);
  }
  return fragments;
}

const epoch = 1_700_000_000_000;

function segment(source: Source, timeOffset = 0): Uint8Array[] {
  const tracks = source.tracks.map((track) => ({
    trackId: track.number,
    format: describeTrack(track, source.frames.find((frame) => frame.track === track.number)?.data),
  }));
  const fragments = fragmentsOf(source);
  return [
    buildInitSegment(tracks, 1000),
    ...fragments.flatMap((fragment, i) =>
      buildFragment(
        i + 1,
        tracks.map(({ trackId, format }) => ({
          trackId,
          format,
          frames: fragment.filter(({ track }) => track === trackId),
        })),
        { timestampScale: 1_000_000, timeOffset },
      ),
    ),
  ];
}

function summary(packets: readonly Packet[], stream: number, offset = 0): string[] {
  return packets
    .filter((packet) => packet.stream === stream)
    .map(({ pts, key, data }) => `${Math.round(pts * 1000) - offset} ${key} ${digest(data)}`);
}

const opus = ["-c:a", "libopus", "-b:a", "32k"];
const cases: [string, () => Source, codecs: string[]][] = [
  [
    "H.264 with B-frames and AAC",
    () => encode(...testPicture("128x96", 3), ...testSound(3), ...picture.h264WithB, "-c:a", "aac"),
    ["h264", "aac"],
  ],
  ["H.264 of an odd size", () => encode(...testPicture("126x94", 1), ...picture.h264), ["h264"]],
  ["H.265 with B-frames", () => encode(...testPicture("128x96", 3), ...picture.h265), ["hevc"]],
  [
    "VP9 and Opus",
    () =>
      encode(
        ...testPicture("128x96", 1),
        ...testSound(1),
        "-c:v",
        "libvpx-vp9",
        "-cpu-used",
        "8",
        "-deadline",
        "realtime",
        ...opus,
      ),
    ["vp9", "opus"],
  ],
  [
    "VP8",
    () => encode(...testPicture("128x96", 1), "-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime"),
    ["vp8"],
  ],
  ["A-law", () => encode(...testSound(1, 8000), "-c:a", "pcm_alaw"), ["pcm_alaw"]],
  ["mu-law", () => encode(...testSound(1, 8000), "-c:a", "pcm_mulaw"), ["pcm_mulaw"]],
  ["MP3", () => encode(...testSound(1), "-c:a", "libmp3lame"), ["mp3"]],
];
for (const [name, make, codecs] of cases) {
  test(`FFmpeg reads ${name} back with the times, key frames and bytes that went in`, () => {
    const source = make();
    const read = probe(segment(source, epoch), "mp4");
    assert.deepEqual(
      read.streams.map(({ codec }) => codec),
      codecs,
    );
    for (const [i, stream] of source.probed.streams.entries()) {
      const written = summary(read.packets, i, epoch);
      assert.ok(5 < written.length);
      assert.deepEqual(written, summary(source.probed.packets, i));
      assert.deepEqual([read.streams[i]!.width, read.streams[i]!.height], [stream.width, stream.height]);
      assert.deepEqual(
        [read.streams[i]!.sample_rate, read.streams[i]!.channels],
        [stream.sample_rate, stream.channels],
      );
    }
  });
}

/** Decode times, per fragment, as `tfdt` and `trun` of a track of pictures say. */
function decodeTimesOf(parts: readonly Uint8Array[]): { decode: number[]; composed: number[]; end: number } {
  const head = parts[1]!;
  const view = new DataView(head.buffer, head.byteOffset);
  const [tfdt, trun] = [Buffer.from(head).indexOf("tfdt"), Buffer.from(head).indexOf("trun")];
  let at = Number(view.getBigUint64(tfdt + 8));
  const decode: number[] = [];
  const composed: number[] = [];
  for (let i = 0; i < view.getUint32(trun + 8); i++) {
    const row = trun + 16 + 16 * i;
    decode.push(at);
    composed.push(at + view.getInt32(row + 12));
    at += view.getUint32(row);
  }
  return { decode, composed, end: at };
}

const b = encode(...testPicture("128x96", 2), ...picture.h264WithB);
const plain = encode(...testPicture("128x96", 1), ...picture.h264);
const millisecond = { timestampScale: 1_000_000 };
const shifted = (frames: readonly Frame[], by: number) =>
  frames.map((frame) => ({ ...frame, timestamp: frame.timestamp + by }));

test("decode times run on across fragments, also where only some have B-frames", () => {
  const format = describeTrack(b.tracks[0]!);
  const [first, second] = fragmentsOf(b);
  const inOrder = first!
    .toSorted((x, y) => x.timestamp - y.timestamp)
    .map((frame, i) => ({ ...frame, keyframe: i === 0 }));
  const groups = [inOrder, second!, shifted(first!, 2000), shifted(inOrder, 3000)];
  const read = groups.map((frames, i) => {
    const nextTimestamp = i < 3 ? Math.min(...groups[i + 1]!.map(({ timestamp }) => timestamp)) : undefined;
    return decodeTimesOf(
      buildFragment(i, [{ trackId: 1, format, frames, nextTimestamp }], { ...millisecond, timeOffset: 1000 }),
    );
  });
  for (const [i, { decode, composed, end }] of read.entries()) {
    assert.deepEqual(
      composed,
      groups[i]!.map(({ timestamp }) => timestamp + 1000),
    );
    assert.ok(decode.every((time, n) => time <= composed[n]!));
    assert.ok(decode.every((time, n) => n === 0 || decode[n - 1]! < time));
    assert.equal(decode[0], Math.min(...composed));
    assert.ok(end <= Math.min(...(read[i + 1]?.composed ?? [Number.POSITIVE_INFINITY])));
  }
});

test("a fragment begins with its first picture, however many B-frames follow", () => {
  const frames = b.frames.slice(0, 5);
  const track = { trackId: 1, format: describeTrack(b.tracks[0]!), frames };
  const { decode, composed } = decodeTimesOf(buildFragment(1, [track], millisecond));
  assert.deepEqual(composed, [0, 160, 80, 40, 120]);
  assert.deepEqual(decode, [0, 1, 2, 40, 80]);
});

test("hands out the frames' own bytes, and the same file for frames with start codes", () => {
  const format = describeTrack(plain.tracks[0]!);
  const parts = buildFragment(1, [{ trackId: 1, format, frames: plain.frames }], millisecond);
  assert.ok(plain.frames.every(({ data }) => parts.includes(data)));
  const withStartCodes = plain.frames.map((frame) => {
    const units = [...frameUnits(frame.data, 4)].flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit]);
    return { ...frame, data: new Uint8Array(Buffer.concat(units)) };
  });
  const again = buildFragment(1, [{ trackId: 1, format, frames: withStartCodes }], millisecond);
  assert.equal(digest(Buffer.concat(again)), digest(Buffer.concat(parts)));
});

const last: [string, Partial<Frame>, Partial<Parameters<typeof buildFragment>[1][number]>, number][] = [
  ["to the next fragment", {}, { nextTimestamp: 1040, defaultDuration: 20e6 }, 80],
  ["as its container says", { duration: 30 }, { defaultDuration: 20e6 }, 30],
  ["as its track says", {}, { defaultDuration: 20e6 }, 20],
  ["as the one before", {}, {}, 40],
  ["as the one before, where the next comes too early", {}, { nextTimestamp: 500 }, 40],
];
for (const [name, frame, given, expected] of last) {
  test(`the last frame lasts ${name}`, () => {
    const frames = plain.frames.with(-1, { ...plain.frames.at(-1)!, ...frame });
    const track = { trackId: 1, format: describeTrack(plain.tracks[0]!), frames, ...given };
    const { decode, end } = decodeTimesOf(buildFragment(1, [track], millisecond));
    assert.deepEqual([decode.at(-1), end - decode.at(-1)!], [960, expected]);
  });
}

test("a change of resolution needs no more than another init segment before the next fragment", () => {
  const large = encode(...testPicture("256x192", 1), ...picture.h264);
  const sizes = [plain, large].map((source, i) => {
    const track = { trackId: 1, format: describeTrack(source.tracks[0]!) };
    const parts = buildFragment(i + 1, [{ ...track, frames: source.frames }], { ...millisecond, timeOffset: 1000 * i });
    const read = probe([buildInitSegment([track], 1000), ...parts], "mp4");
    return [read.streams[0]!.width, read.streams[0]!.height, read.packets.length, read.packets[0]!.pts];
  });
  assert.deepEqual(sizes, [
    [128, 96, 25, 0],
    [256, 192, 25, 1],
  ]);
});

test("refuses a time before zero, and frames that are none", () => {
  const track = { trackId: 1, format: describeTrack(plain.tracks[0]!), frames: plain.frames };
  assert.throws(() => buildFragment(1, [track], { ...millisecond, timeOffset: -1 }), RangeError);
  const cut = plain.frames.map((frame) => ({ ...frame, data: frame.data.subarray(0, -1) }));
  assert.throws(() => buildFragment(1, [{ ...track, frames: cut }], millisecond), { problem: "invalid-frame" });
});
