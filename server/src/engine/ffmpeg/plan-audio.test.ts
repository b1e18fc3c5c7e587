import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioSettings } from "../../storage/records/job-document.ts";
import { planAudio } from "./plan-audio.ts";
import type { AudioStream } from "./probe.ts";

const encoders = new Set(["aac", "libmp3lame", "mp2", "libvorbis", "flac"]);
const capabilities = { version: "5.1", encoders, filters: new Set<string>() };

function streamsOf(...channels: number[]): AudioStream[] {
  return channels.map((count, index) => {
    return { index: index + 1, codec: "aac", channels: count, sampleRate: 48_000, lateSeconds: 0 };
  });
}

const clip = { pad: String, startSeconds: 0, begin: [] };

// settings, container, input → encoder options, or the refusal
const encodings: [AudioSettings, string, string][] = [
  [{ Codec: "AAC", BitRate: "128" }, "mp4", "-c:a aac -profile:a aac_low -b:a 128k"],
  [{ Codec: "AAC", BitRate: "64", CodecOptions: { Profile: "auto" } }, "mp4", "-c:a aac -profile:a aac_low -b:a 64k"],
  [
    { Codec: "AAC", BitRate: "64", CodecOptions: { Profile: "HE-AAC" } },
    "mp4",
    "The FFmpeg at hand cannot encode HE-AAC: it has no libfdk_aac. AAC-LC is available.",
  ],
  [{ Codec: "mp3", BitRate: "320" }, "mp3", "-c:a libmp3lame -b:a 320k"],
  [{ Codec: "mp3", BitRate: "320", SampleRate: "96000" }, "mp3", "mp3 cannot have a sample rate of 96000 Hz here."],
  [{ Codec: "mp3", SampleRate: "48000" }, "flv", "mp3 cannot have a sample rate of 48000 Hz here."],
  [{ Codec: "mp2", BitRate: "192" }, "mpg", "-c:a mp2 -b:a 192k"],
  [{ Codec: "vorbis", BitRate: "128" }, "webm", "-c:a libvorbis -b:a 128k -maxrate:a 192k"],
  [
    { Codec: "flac", CodecOptions: { BitDepth: "24" } },
    "flac",
    "-c:a flac -sample_fmt:a s32 -bits_per_raw_sample:a 24",
  ],
  [{ Codec: "flac" }, "oga", "-c:a flac -sample_fmt:a s16 -bits_per_raw_sample:a 16"],
  [{ Codec: "pcm", CodecOptions: { BitDepth: "8", Signed: "Unsigned" } }, "wav", "-c:a pcm_u8"],
  [{ Codec: "pcm", CodecOptions: { BitDepth: "16", Signed: "Signed" } }, "wav", "-c:a pcm_s16le"],
  [{ Codec: "pcm", CodecOptions: { BitDepth: "32" } }, "wav", "-c:a pcm_s32le"],
  [{ Codec: "pcm", CodecOptions: { BitDepth: "24" } }, "mxf", "-c:a pcm_s24le"],
  [{ Codec: "pcm", CodecOptions: { BitDepth: "32" } }, "mxf", "A mxf file cannot hold signed PCM of 32 bits."],
  [{ Codec: "opus" }, "webm", "The audio codec opus is not known."],
];
for (const [settings, container, expected] of encodings) {
  test(`${JSON.stringify(settings)} in ${container}: ${expected}`, () => {
    const plan = planAudio(settings, streamsOf(2), container, capabilities, clip);
    assert.equal(plan && ("refused" in plan ? plan.refused : plan.args.join(" ")), expected);
  });
}

test("takes HE-AAC for little stereo at profile auto when the encoder is there", () => {
  const able = { ...capabilities, encoders: new Set([...encoders, "libfdk_aac"]) };
  const profile = (Channels: string) => {
    const settings = { Codec: "AAC", BitRate: "64", Channels, CodecOptions: { Profile: "auto" } };
    const plan = planAudio(settings, streamsOf(2), "mp4", able, clip);
    return plan && "args" in plan ? plan.args[3] : undefined;
  };
  assert.deepEqual([profile("2"), profile("1")], ["aac_he", "aac_low"]);
});

// input's tracks, Channels, mode → tracks, and how many of them are silent
const packing: [number[], string, string, number, number][] = [
  [[2], "0", "SingleTrack", 0, 0],
  [[], "auto", "OneChannelPerTrackWithMosTo8Tracks", 0, 0],
  [[1], "1", "SingleTrack", 1, 0],
  [[6], "1", "OneChannelPerTrackWithMosTo8Tracks", 8, 7],
  [[1], "2", "OneChannelPerTrack", 2, 0],
  [[1, 1], "auto", "OneChannelPerTrackWithMosTo8Tracks", 8, 6],
  [[1], "auto", "OneChannelPerTrackWithMosTo8Tracks", 8, 7],
  [[6], "auto", "OneChannelPerTrackWithMosTo8Tracks", 8, 2],
  [[16], "auto", "OneChannelPerTrack", 8, 0],
  [[6, 6], "auto", "SingleTrack", 1, 0],
];
for (const [tracks, Channels, AudioPackingMode, count, silent] of packing) {
  test(`${tracks.join("+") || "nothing"} at ${Channels} by ${AudioPackingMode}: ${count} tracks, ${silent} silent`, () => {
    const settings = { Codec: "pcm", Channels, AudioPackingMode };
    const plan = planAudio(settings, streamsOf(...tracks), "mxf", capabilities, clip);
    const made = plan && "tracks" in plan ? plan.tracks : [];
    assert.equal(made.length, count);
    assert.equal(made.filter((steps) => steps.at(-1) === "pan=mono|c0=0*c0").length, silent);
  });
}

// where sound and clip begin → whether silence comes first
for (const [lateSeconds, startSeconds, isFilled] of [
  [0, 0, false],
  [0.5, 0, true],
  [0.5, 0.2, true],
  [0.5, 1, false],
] as const) {
  test(`sound that is ${lateSeconds} s late in a clip from ${startSeconds} s begins with ${isFilled ? "silence" : "itself"}`, () => {
    const [stream] = streamsOf(2);
    const settings = { Codec: "AAC", BitRate: "64" };
    const plan = planAudio(settings, [{ ...stream!, lateSeconds }], "mp4", capabilities, { ...clip, startSeconds });
    assert.ok(plan && "tracks" in plan);
    assert.equal(plan.tracks[0]!.includes("aresample=48000:async=1:first_pts=0"), isFilled);
  });
}
