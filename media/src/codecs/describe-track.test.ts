import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, fraction, picture, type Source, testPicture, testSound } from "../../test/ffmpeg.ts";
import type { Track } from "../track.ts";
import { buildAvcRecord, parseAvcConfig } from "./avc.ts";
import { describeTrack } from "./describe-track.ts";
import { CodecError, type CodecProblem } from "./errors.ts";
import { buildHevcRecord, parseHevcConfig } from "./hevc.ts";

const annexB = (units: readonly Uint8Array[]) => Buffer.concat(units.flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit]));
const fast = ["-cpu-used", "8", "-deadline", "realtime"];

const pictures: [string, () => Source, { codecName: string; reorderFrames?: number }][] = [
  [
    "H.264 baseline of an odd size",
    () => encode(...testPicture("126x94", 0.2), ...picture.h264, "-profile:v", "baseline", "-level", "3.0"),
    { codecName: "avc1.42c01e", reorderFrames: 0 },
  ],
  [
    "H.264 high with B-frames and wide pixels",
    () => encode(...testPicture("320x240", 0.2, 30), "-vf", "setsar=16/11", ...picture.h264WithB, "-level", "3.1"),
    { codecName: "avc1.64001f", reorderFrames: 2 },
  ],
  [
    "H.264 interlaced, 4:2:2, ten bits",
    () =>
      encode(
        ...testPicture("320x184", 0.2, 50),
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv422p10",
        "-flags",
        "+ildct",
        "-level",
        "3",
      ),
    { codecName: "avc1.7a001e", reorderFrames: 2 },
  ],
  [
    "H.265",
    () => encode(...testPicture("322x182", 0.2, 30), "-vf", "setsar=4/3", ...picture.h265, "-pix_fmt", "yuv420p"),
    { codecName: "hvc1.1.6.L60.90", reorderFrames: 2 },
  ],
  [
    "H.265 Main 10",
    () => encode(...testPicture("320x240", 0.2), ...picture.h265, "-pix_fmt", "yuv420p10"),
    { codecName: "hvc1.2.4.L60.90", reorderFrames: 2 },
  ],
  ["VP8", () => encode(...testPicture("320x240", 0.2), "-c:v", "libvpx", ...fast), { codecName: "vp08.00.20.08" }],
  [
    "VP9 of ten bits",
    () => encode(...testPicture("320x240", 0.2), "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10", ...fast),
    { codecName: "vp09.02.20.10" },
  ],
];
for (const [name, make, expected] of pictures) {
  test(`describes ${name} as ffprobe does`, () => {
    const source = make();
    const format = describeTrack(source.tracks[0]!, source.frames[0]!.data);
    const [stream] = source.probed.streams;
    assert.equal(format.kind, "video");
    assert.deepEqual([format.width, format.height], [stream!.width, stream!.height]);
    assert.equal((format.pixelAspect ?? [1, 1]).join(":"), stream!.sample_aspect_ratio ?? "1:1");
    if (format.frameRate) assert.equal(format.frameRate, fraction(stream!.r_frame_rate as string));
    assert.deepEqual([format.codecName, format.reorderFrames], [expected.codecName, expected.reorderFrames]);
  });
}

test("rebuilds the avcC that x264 writes, also from start codes", () => {
  const { tracks } = encode(...testPicture("320x240", 0.2), ...picture.h264WithB);
  const config = parseAvcConfig(tracks[0]!.codecPrivate!);
  assert.deepEqual(Buffer.from(buildAvcRecord(config.sps, config.pps)), Buffer.from(config.record));
  const again = parseAvcConfig(annexB([...config.sps, ...config.pps]));
  assert.deepEqual(Buffer.from(again.record), Buffer.from(config.record));
});

test("builds an hvcC of the same profile, picture and parameter sets from start codes", () => {
  const { tracks } = encode(...testPicture("320x240", 0.2), ...picture.h265);
  const config = parseHevcConfig(tracks[0]!.codecPrivate!);
  const built = parseHevcConfig(annexB([...config.vps, ...config.sps, ...config.pps]));
  assert.deepEqual(built.picture, config.picture);
  assert.equal(built.codecName, config.codecName);
  const record = Buffer.from(buildHevcRecord(config.vps, config.sps, config.pps));
  assert.deepEqual(record.subarray(0, 13), Buffer.from(config.record.subarray(0, 13)));
  assert.deepEqual(record.subarray(13, 23).toString("hex"), "f000fcfdf8f800000f03");
});

const opus = "4f707573486561640102380180bb0000000000";
const track = (codecId: string, codecPrivate?: string, rest: Partial<Track> = {}): Track => {
  const bytes = codecPrivate === undefined ? undefined : new Uint8Array(Buffer.from(codecPrivate, "hex"));
  return { number: 1, kind: "other", codecId, codecPrivate: bytes, ...rest };
};

const sounds: [string, Track, string][] = [
  ["AAC LC", track("A_AAC", "1210"), "aac mp4a.40.2 44100 2"],
  ["G.711 A-law", track("A_MS/ACM", "06000100401f0000401f0000010008000000"), "alaw alaw 8000 1"],
  ["G.711 mu-law, without a size", track("A_MS/ACM", "07000200401f0000803e000002000800"), "mulaw ulaw 8000 2"],
  ["Opus", track("A_OPUS", opus), "opus opus 48000 2"],
  ["MP3", track("A_MPEG/L3", undefined, { audio: { sampleRate: 32_000, channels: 1 } }), "mp3 mp4a.6b 32000 1"],
];
for (const [name, sound, expected] of sounds) {
  test(`describes ${name}`, () => {
    const format = describeTrack(sound);
    assert.equal(format.kind, "audio");
    assert.equal([format.codec, format.codecName, format.sampleRate, format.channels].join(" "), expected);
  });
}

// Profile 66, level 30; then set 0, frame number 4 bits, order type 2, no reference frames.
const sps = "6742001e";
const avcOf = (set: string) =>
  `0142001eff e1 ${(set.length / 2).toString(16).padStart(4, "0")} ${set} 01 0004 68ce3880`.replaceAll(" ", "");
const refused: [string, Track, CodecProblem][] = [
  ["H.264 without private data", track("V_MPEG4/ISO/AVC"), "missing-codec-private-data"],
  ["H.264 with empty private data", track("V_MPEG4/ISO/AVC", ""), "missing-codec-private-data"],
  ["H.265 without private data", track("V_MPEGH/ISO/HEVC"), "missing-codec-private-data"],
  ["AAC without private data", track("A_AAC"), "missing-codec-private-data"],
  ["G.711 without private data", track("A_MS/ACM"), "missing-codec-private-data"],
  ["Theora", track("V_THEORA", "00"), "unsupported-codec"],
  ["a codec of no name", track(""), "unsupported-codec"],
  ["a codec named as what every object has", track("constructor"), "unsupported-codec"],
  ["ADPCM in ACM", track("A_MS/ACM", "02000100401f0000401f0000010008000000"), "unsupported-codec"],
  ["avcC of one byte", track("V_MPEG4/ISO/AVC", "01"), "invalid-codec-private-data"],
  ["avcC of version 0", track("V_MPEG4/ISO/AVC", "0042001effe10000"), "invalid-codec-private-data"],
  ["avcC without sets", track("V_MPEG4/ISO/AVC", "0142001effe000"), "invalid-codec-private-data"],
  ["avcC whose set claims 64 KiB", track("V_MPEG4/ISO/AVC", "0142001effe1ffff6742001e"), "invalid-codec-private-data"],
  ["avcC whose set is cut short", track("V_MPEG4/ISO/AVC", avcOf(sps)), "invalid-codec-private-data"],
  ["a code of 64 zeros", track("V_MPEG4/ISO/AVC", avcOf(`${sps}0000000000000000ff`)), "invalid-codec-private-data"],
  // ue(0) ue(0) ue(2) ue(0) 0 ue(65534) ue(65534): a million pixels wide and high.
  [
    "a picture of a million pixels a side",
    track("V_MPEG4/ISO/AVC", avcOf(`${sps}dc0001ffff0000ffffe0`)),
    "invalid-codec-private-data",
  ],
  ["start codes without sets", track("V_MPEG4/ISO/AVC", "0000000109f0"), "invalid-codec-private-data"],
  ["hvcC of 22 bytes", track("V_MPEGH/ISO/HEVC", `01${"00".repeat(21)}`), "invalid-codec-private-data"],
  ["hvcC of 255 arrays of nothing", track("V_MPEGH/ISO/HEVC", `01${"00".repeat(21)}ff`), "invalid-codec-private-data"],
  ["hvcC of 65535 empty sets", track("V_MPEGH/ISO/HEVC", `01${"00".repeat(21)}0120ffff`), "invalid-codec-private-data"],
  ["AudioSpecificConfig of a byte", track("A_AAC", "12"), "invalid-codec-private-data"],
  ["AAC at a reserved rate", track("A_AAC", "1690"), "invalid-codec-private-data"],
  ["a WAVEFORMATEX cut short", track("A_MS/ACM", "0600"), "invalid-codec-private-data"],
  ["G.711 of no channels", track("A_MS/ACM", "06000000401f0000401f0000010008000000"), "invalid-codec-private-data"],
  ["OpusHead that lacks its mapping", track("A_OPUS", `${opus.slice(0, 36)}01`), "invalid-codec-private-data"],
  ["VP9 of no size", track("V_VP9"), "invalid-codec-private-data"],
];
for (const [name, input, problem] of refused) {
  test(`refuses ${name}: ${problem}`, () =>
    assert.throws(
      () => describeTrack(input),
      (error) => error instanceof CodecError && error.problem === problem && error.message.endsWith("."),
    ));
}

test("private data cut or changed anywhere is described or refused, at once", () => {
  const sources = [
    encode(...testPicture("320x240", 0.2), ...picture.h264WithB),
    encode(...testPicture("320x240", 0.2), ...picture.h265),
    encode(...testSound(0.2), "-c:a", "aac"),
    encode("-f", "lavfi", "-i", "anullsrc=cl=quad:d=0.2", "-c:a", "aac"),
    encode(...testSound(0.2, 8000), "-c:a", "pcm_mulaw"),
    encode(...testSound(0.2), "-c:a", "libopus"),
  ];
  let refusals = 0;
  for (const { tracks } of sources) {
    const valid = tracks[0]!.codecPrivate!;
    for (let at = 0; at < valid.length; at++) {
      const changed = [0x00, 0x01, 0x7f, 0x80, 0xff].map((byte) => valid.with(at, byte));
      for (const codecPrivate of [valid.subarray(0, at), ...changed]) {
        try {
          describeTrack({ ...tracks[0]!, codecPrivate });
        } catch (error) {
          assert.ok(error instanceof CodecError, String(error));
          refusals++;
        }
      }
    }
  }
  assert.ok(100 < refusals);
});
