import assert from "node:assert/strict";
import { test } from "node:test";
import type { VideoSettings } from "../../storage/records/job-document.ts";
import { planPicture, type SourceVideo } from "./plan-video.ts";
import { effectiveGop, planVideoEncoder } from "./plan-video-encoder.ts";
import { one } from "./rational.ts";

const encoders = new Set(["libx264", "mpeg2video", "libvpx", "libvpx-vp9", "gif"]);
const capabilities = { version: "5.1", encoders, filters: new Set<string>() };
const source: SourceVideo = {
  ...{ index: 0, codec: "h264", width: 1280, height: 720, sampleAspect: one, rotation: 0, fieldOrder: "progressive" },
  ...{
    frameRate: { num: 30, den: 1 },
    isVariableRate: false,
    pixelFormat: "yuv420p",
    isFullRange: false,
    isInterlaced: false,
  },
};

// settings → options that must be there, options that must not
const cases: [string, VideoSettings, string[], string[]][] = [
  [
    "names profile and level",
    { CodecOptions: { Profile: "baseline", Level: "3.1" } },
    ["-profile:v baseline", "-level:v 3.1", "-bf:v 0"],
    [],
  ],
  ["keeps level 1b", { CodecOptions: { Profile: "high", Level: "1b" } }, ["-level:v 1b"], []],
  [
    "has no pyramid of few references",
    { CodecOptions: { MaxReferenceFrames: "3" } },
    ["-refs:v 3", "-bf:v 3", "-b-pyramid none"],
    [],
  ],
  [
    "has no B-frame with one reference",
    { CodecOptions: { MaxReferenceFrames: "1" } },
    ["-refs:v 1", "-bf:v 0"],
    ["-b-pyramid"],
  ],
  [
    "stays within the level's picture buffer",
    { CodecOptions: { Level: "3.1", MaxReferenceFrames: "16" } },
    ["-refs:v 5"],
    [],
  ],
  ["takes 0 references for 1", { CodecOptions: { MaxReferenceFrames: "0" } }, ["-refs:v 1"], []],
  [
    "caps by MaxBitRate, buffer given",
    { BitRate: "800", CodecOptions: { MaxBitRate: "872", BufferSize: "7848" } },
    ["-b:v 800k", "-x264-params ratetol=0.1", "-maxrate:v 872k", "-bufsize:v 7848k"],
    [],
  ],
  [
    "keeps a constant rate within two and a half seconds, whatever the buffer",
    { BitRate: "872", CodecOptions: { MaxBitRate: "872", BufferSize: "7848" } },
    ["-b:v 872k", "-maxrate:v 872k", "-bufsize:v 2180k"],
    [],
  ],
  [
    "caps by MaxBitRate, buffer ten times that",
    { BitRate: "500", CodecOptions: { MaxBitRate: "600", BufferSize: "" } },
    ["-maxrate:v 600k", "-bufsize:v 6000k"],
    [],
  ],
  [
    "caps by the level when nothing is asked",
    { BitRate: "2400", CodecOptions: { Profile: "baseline", Level: "3.1", MaxBitRate: "" } },
    ["-b:v 2400k", "-maxrate:v 14000k"],
    [],
  ],
  [
    "keeps quality constant for auto",
    { BitRate: "auto", CodecOptions: { MaxBitRate: "3000" } },
    ["-crf 22", "-maxrate:v 3000k"],
    ["-b:v"],
  ],
  [
    "fixes the GOP",
    { FixedGOP: "true", KeyframesMaxDist: "90" },
    ["-g:v 90", "-keyint_min:v 90", "-sc_threshold:v 0"],
    [],
  ],
  ["lets scene cuts be", { FixedGOP: "false", KeyframesMaxDist: "90" }, ["-g:v 90"], ["-keyint_min", "-sc_threshold"]],
  ["codes fields", { CodecOptions: { InterlacedMode: "TopFirst" } }, ["-flags:v +ilme+ildct"], []],
  [
    "fills MPEG-2 to a constant rate",
    { Codec: "mpeg2", BitRate: "6500", CodecOptions: { MaxBitRate: "6500" } },
    ["-minrate:v 6500k", "-bufsize:v 16250k"],
    [],
  ],
  [
    "makes MPEG-2 4:2:2",
    { Codec: "mpeg2", CodecOptions: { ChromaSubsampling: "yuv422p" } },
    ["-intra_vlc 1", "-qmax:v 28"],
    [],
  ],
  [
    "holds VP9 to its rate",
    { Codec: "vp9", BitRate: "600" },
    ["-minrate:v 600k", "-maxrate:v 600k", "-bufsize:v 1500k", "-row-mt 1"],
    [],
  ],
  ["lets VP9 vary for auto", { Codec: "vp9", BitRate: "auto" }, ["-crf 31", "-b:v 0k"], ["-minrate"]],
  [
    "makes VP8 of a profile",
    { Codec: "vp8", BitRate: "600", CodecOptions: { Profile: "1" } },
    ["-c:v libvpx", "-profile:v 1", "-b:v 600k"],
    [],
  ],
];
for (const [name, settings, present, absent] of cases) {
  test(name, () => {
    const video = { Codec: "H.264", MaxWidth: "1280", MaxHeight: "720", ...settings };
    const picture = planPicture(source, video, { rotate: "auto" });
    const args = planVideoEncoder(video, picture, undefined, capabilities);
    assert.ok(Array.isArray(args));
    const line = ` ${args.join(" ")} `;
    for (const option of present) assert.ok(line.includes(` ${option} `), `${option} is missing: ${line}`);
    for (const option of absent) assert.ok(!line.includes(` ${option}`), `${option} is there: ${line}`);
  });
}

test("says which encoder is missing", () => {
  const video = { Codec: "vp9" };
  const picture = planPicture(source, video, { rotate: "auto" });
  const none = { ...capabilities, encoders: new Set<string>() };
  assert.deepEqual(planVideoEncoder(video, picture, undefined, none), {
    refused: "The FFmpeg at hand cannot encode vp9: it has no libvpx-vp9.",
  });
});

// KeyframesMaxDist, SegmentDuration, rate → GOP
const gops: [string | undefined, number | undefined, [number, number], number | undefined][] = [
  ["90", undefined, [30, 1], 90],
  ["90", 10, [30, 1], 90],
  ["90", 3, [25, 1], 75],
  ["300", 10, [30_000, 1001], 300],
  ["100", 4, [24_000, 1001], 96],
  [undefined, 4, [25, 1], 100],
  [undefined, undefined, [25, 1], undefined],
];
for (const [KeyframesMaxDist, segment, [num, den], expected] of gops) {
  test(`${KeyframesMaxDist} frames and segments of ${segment} s at ${num}/${den}: ${expected}`, () => {
    assert.equal(effectiveGop({ KeyframesMaxDist }, segment, { num, den }), expected);
  });
}
