import assert from "node:assert/strict";
import { test } from "node:test";
import { digest, encode, type Packet, picture, probe, type Source, testPicture, testSound } from "../../test/ffmpeg.ts";
import { describeTrack } from "../codecs/describe-track.ts";
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
