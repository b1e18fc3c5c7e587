import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  digest,
  encode,
  ffmpeg,
  ffprobe,
  type Packet,
  picture,
  probe,
  type Source,
  testPicture,
  testSound,
  withFile,
} from "../../test/ffmpeg.ts";
import { describeTrack, type VideoFormat } from "../codecs/describe-track.ts";
import { frameUnits } from "../codecs/nal-units.ts";
import type { Frame } from "../track.ts";
import { buildClip, type ClipFragment } from "./progressive.ts";

function fragmentOf(source: Source, timeOffset = 0, keep = (_: Frame) => true): ClipFragment {
  return {
    timestampScale: 1_000_000,
    timeOffset,
    tracks: source.tracks.map((track) => ({ trackId: track.number, format: describeTrack(track) })),
    frames: source.frames.filter(keep),
  };
}

function rows(packets: readonly Packet[], stream: number, offset = 0): string[] {
  return packets
    .filter((packet) => packet.stream === stream)
    .map(({ pts, key, data }) => `${Math.round(pts * 1000) + offset} ${key} ${digest(data)}`);
}

const withSound = ["-c:a", "aac"];

test("keeps times, key frames and bytes of B-frames and sound, in a file that decodes without a word", () => {
  const source = encode(...testPicture("128x96", 2), ...testSound(2), ...picture.h264WithB, ...withSound);
  const origin = Math.min(...source.frames.map(({ timestamp }) => timestamp));
  const clip = buildClip([fragmentOf(source, 1_700_000_000_000)]);
  const read = probe(clip, "mp4");
  for (const stream of [0, 1]) {
    assert.deepEqual(rows(read.packets, stream), rows(source.probed.packets, stream, -origin));
    const dts = read.packets.filter((packet) => packet.stream === stream).map((packet) => packet.dts);
    assert.deepEqual(
      dts,
      dts.toSorted((a, b) => a - b),
    );
  }
  const { status, stderr } = withFile("mp4", clip, (path) =>
    spawnSync(ffmpeg, ["-v", "warning", "-xerror", "-i", path, "-f", "null", "-"], { encoding: "utf8" }),
  );
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});

test("leaves a gap between fragments as long as it was, and the frame rate as it was", () => {
  const source = encode(...testPicture("128x96", 2), "-g", "25", "-x264-params", "scenecut=0", ...picture.h264);
  const clip = buildClip([
    fragmentOf(source, 0, ({ timestamp }) => timestamp < 1000),
    fragmentOf(source, 5000, ({ timestamp }) => 1000 <= timestamp),
  ]);
  const expected = source.probed.packets.map(({ pts }) => Math.round(pts * 1000) + (pts < 1 ? 0 : 5000));
  const read = probe(clip, "mp4");
  assert.deepEqual(
    read.packets.map(({ pts }) => Math.round(pts * 1000)),
    expected,
  );
  assert.equal(read.packets.at(-1)!.duration, 0.04);
});

test("lets a track that begins later wait", () => {
  const source = encode(...testPicture("128x96", 2), ...testSound(2), ...picture.h264, ...withSound);
  const clip = buildClip([fragmentOf(source, 0, ({ track, timestamp }) => track === 1 || 1000 <= timestamp)]);
  const sound = source.frames.filter(({ track, timestamp }) => track === 2 && 1000 <= timestamp);
  const origin = source.frames.find(({ track }) => track === 1)!.timestamp;
  const first = probe(clip, "mp4").packets.find(({ stream }) => stream === 1)!;
  assert.equal(Math.round(first.pts * 1000), sound[0]!.timestamp - origin);
});

test("changes the resolution in the middle, with a sample description for each", () => {
  const small = encode(...testPicture("128x96", 1), ...picture.h264);
  const large = encode(...testPicture("256x192", 1), ...picture.h264);
  const clip = buildClip([fragmentOf(small), fragmentOf(large, 1000), fragmentOf(small, 2000)]);
  const sizes = withFile("mp4", clip, (path) =>
    execFileSync(ffprobe, ["-v", "error", "-show_entries", "frame=width,height", "-of", "csv=p=0", path], {
      encoding: "utf8",
    }),
  );
  const expected = [...Array(25).fill("128,96"), ...Array(25).fill("256,192"), ...Array(25).fill("128,96")];
  assert.deepEqual(sizes.match(/\d+,\d+/g), expected);
});

test("repeats the parameter sets before the first key frame of a changed configuration, and nowhere else", () => {
  const small = encode(...testPicture("128x96", 1), ...picture.h264);
  const large = encode(...testPicture("256x192", 1), ...picture.h264);
  const packets = probe(
    buildClip([fragmentOf(small), fragmentOf(large, 1000), fragmentOf(large, 2000)]),
    "mp4",
  ).packets;
  const format = describeTrack(large.tracks[0]!);
  assert.equal(format.kind, "video");
  const { parameterSets, isParameterSet } = (format as VideoFormat).nal!;
  const withSets = packets.map(({ data }) => [...frameUnits(data, 4)].filter(isParameterSet));
  assert.deepEqual(
    withSets.flatMap((sets, i) => (0 < sets.length ? [[i, ...sets.map(digest)]] : [])),
    [[25, ...parameterSets.map(digest)]],
  );
});

test("an empty clip is a file without tracks", () => {
  assert.deepEqual(probe(buildClip([]), "mp4"), { streams: [], packets: [] });
});

test("refuses a track that changes its codec", () => {
  const first = encode(...testPicture("128x96", 1), ...picture.h264);
  const second = encode(...testPicture("128x96", 1), ...picture.h265);
  assert.throws(() => buildClip([fragmentOf(first), fragmentOf(second, 1000)]), /cannot change from h264 to h265/);
});
