import assert from "node:assert/strict";
import { test } from "node:test";
import type { PresetDocument, VideoSettings } from "../../../storage/records/job-document.ts";
import { systemPresets } from "../system-presets.ts";
import { checkPreset, newPresetDocument } from "./preset.ts";

const h264: VideoSettings = {
  Codec: "H.264",
  CodecOptions: { Profile: "main", Level: "3.1", MaxReferenceFrames: "3" },
  KeyframesMaxDist: "90",
  FixedGOP: "false",
  BitRate: "2200",
  FrameRate: "30",
  MaxWidth: "1280",
  MaxHeight: "720",
  SizingPolicy: "ShrinkToFit",
  PaddingPolicy: "NoPad",
  DisplayAspectRatio: "auto",
};
const aac = { Codec: "AAC", SampleRate: "44100", BitRate: "160", Channels: "2" };
const pcm = { Codec: "pcm", SampleRate: "48000", Channels: "2" };

function preset(part: Partial<PresetDocument>): PresetDocument {
  return { Name: "p", Container: "mp4", ...part };
}
const video = (part: VideoSettings, container = "mp4") =>
  preset({ Container: container, Video: { ...h264, ...part } as VideoSettings });
const options = (CodecOptions: Record<string, string>, codec = "H.264", container = "mp4") =>
  preset({ Container: container, Video: { Codec: codec, CodecOptions } });
const audio = (part: object, container = "mp4") => preset({ Container: container, Audio: { ...aac, ...part } });
const watermark = (part: object) => video({ Watermarks: [{ Id: "Logo", ...part }] });
const thumbnails = (part: object) => preset({ Video: h264, Thumbnails: { Format: "png", Interval: "60", ...part } });

test("system presets break none of the rules, save the AspectRatio that one of them carries along", () => {
  for (const { document } of systemPresets) {
    const problems = checkPreset(document).problems;
    const expected =
      document.Name === "System preset: Generic 1080p"
        ? [
            "Video: AspectRatio and MaxWidth and MaxHeight and SizingPolicy and PaddingPolicy and DisplayAspectRatio are mutually exclusive.",
          ]
        : [];
    assert.deepEqual(problems, expected, document.Name);
  }
  assert.equal(systemPresets.length, 62);
});

const good: [what: string, preset: PresetDocument][] = [
  ["video and audio", preset({ Video: h264, Audio: aac })],
  ["video only", preset({ Video: h264 })],
  ["audio only", preset({ Audio: aac })],
  ["mp3 in ts", audio({ Codec: "mp3" }, "ts")],
  ["vp9 and vorbis in webm", preset({ Container: "webm", Video: { Codec: "vp9", CodecOptions: { Profile: "3" } } })],
  ["mpeg2 and pcm in mxf", preset({ Container: "mxf", Video: { Codec: "mpeg2" }, Audio: pcm })],
  ["flac in ogg", preset({ Container: "ogg", Audio: { Codec: "flac", CodecOptions: { BitDepth: "24" } } })],
  ["a looping gif", options({ LoopCount: "100" }, "gif", "gif")],
  ["a colour mode in the other case", options({ ColorSpaceConversionMode: "BT709toBT601" })],
  ["the old size group alone", preset({ Video: { Codec: "H.264", Resolution: "640x480", AspectRatio: "4:3" } })],
  ["fixed GOP in fmp4", video({ FixedGOP: "true" }, "fmp4")],
  ["four watermarks", video({ Watermarks: ["a", "b", "c", "d"].map((Id) => ({ Id })) })],
  ["a watermark of all sizes", watermark({ MaxWidth: "16px", MaxHeight: "100%", HorizontalOffset: "0px" })],
  ["thumbnails of the old kind", thumbnails({ Resolution: "192x108" })],
];

for (const [what, document] of good) {
  test(`takes ${what}`, () => assert.deepEqual(checkPreset(document).problems, []));
}

const bad: [preset: PresetDocument, ...problems: string[]][] = [
  [preset({}), "Video and Audio are not allowed to both be null."],
  [
    video({ Codec: "vp8", CodecOptions: {} }),
    "Video:Codec 'vp8' is not allowed in container mp4: it must be one of H.264.",
  ],
  [
    audio({ Codec: "pcm", BitRate: undefined }),
    "Audio:Codec 'pcm' is not allowed in container mp4: it must be one of AAC, mp3.",
  ],
  [preset({ Container: "mp3", Video: h264, Audio: { Codec: "mp3" } }), "Video is not allowed in container mp3."],
  [preset({ Container: "gif", Video: { Codec: "gif" }, Audio: aac }), "Audio is not allowed in container gif."],
  [preset({ Video: {} }), "Video:Codec is not allowed to be null."],
  [preset({ Audio: {} }), "Audio:Codec is not allowed to be null."],
  [
    options({ Profile: "extended" }),
    "Video:CodecOptions:Profile 'extended' is not allowed: it must be one of baseline, main, high.",
  ],
  [
    options({ Level: "5" }),
    "Video:CodecOptions:Level '5' is not allowed: it must be one of 1, 1b, 1.1, 1.2, 1.3, 2, 2.1, 2.2, 3, 3.1, 3.2, 4, 4.1.",
  ],
  [
    options({ MaxReferenceFrames: "17" }),
    "Video:CodecOptions:MaxReferenceFrames '17' is not allowed: it must be a whole number from 0 to 16.",
  ],
  [
    options({ MaxBitRate: "15" }),
    "Video:CodecOptions:MaxBitRate '15' is not allowed: it must be a whole number from 16 to 62500.",
  ],
  [
    options({ BufferSize: "0" }),
    "Video:CodecOptions:BufferSize '0' is not allowed: it must be a whole number from 1 to 10000000.",
  ],
  [
    options({ InterlacedMode: "top" }),
    "Video:CodecOptions:InterlacedMode 'top' is not allowed: it must be one of Progressive, TopFirst, BottomFirst, Auto.",
  ],
  [options({ LoopCount: "1" }), "Video:CodecOptions:LoopCount is not allowed for codec H.264."],
  [options({ constructor: "1" }), "Video:CodecOptions:constructor is not allowed for codec H.264."],
  [
    options({ Profile: "4" }, "vp9", "webm"),
    "Video:CodecOptions:Profile '4' is not allowed: it must be one of 0, 1, 2, 3.",
  ],
  [
    options({ ChromaSubsampling: "yuv444p" }, "mpeg2", "mpg"),
    "Video:CodecOptions:ChromaSubsampling 'yuv444p' is not allowed: it must be one of yuv420p, yuv422p.",
  ],
  [
    options({ LoopCount: "101" }, "gif", "gif"),
    "Video:CodecOptions:LoopCount '101' is not allowed: it must be one of Infinite or a whole number from 0 to 100.",
  ],
  [
    preset({ Container: "gif", Video: { Codec: "gif", KeyframesMaxDist: "90" } }),
    "Video:KeyframesMaxDist is not allowed for codec gif.",
  ],
  [
    options({ Profile: "baseline", InterlacedMode: "TopFirst" }),
    "Video:CodecOptions:InterlacedMode must be Progressive for profile baseline.",
  ],
  [
    preset({ Container: "mpg", Video: { Codec: "mpeg2", FrameRate: "15" } }),
    "Video:FrameRate must be 23.97 or more for codec mpeg2.",
  ],
  [
    audio({ Codec: "mp3", SampleRate: "48000" }, "flv"),
    "Audio:SampleRate '48000' is not allowed: it must be one of auto, 22050, 44100.",
  ],
  [video({ FixedGOP: "false" }, "fmp4"), "Video:FixedGOP must be true for container fmp4."],
  [
    video({ KeyframesMaxDist: "0" }),
    "Video:KeyframesMaxDist '0' is not allowed: it must be a whole number from 1 to 100000.",
  ],
  [
    video({ MaxWidth: "1281" }),
    "Video:MaxWidth '1281' is not allowed: it must be one of auto or an even number from 128 to 4096.",
  ],
  [
    video({ MaxHeight: "94" }),
    "Video:MaxHeight '94' is not allowed: it must be one of auto or an even number from 96 to 3072.",
  ],
  [
    preset({ Video: { Codec: "H.264", Resolution: "640x480", MaxWidth: "640" } }),
    "Video: Resolution and MaxWidth are mutually exclusive.",
  ],
  [
    preset({ Video: { Codec: "H.264", Resolution: "9999x480" } }),
    "Video:Resolution width '9999' is not allowed: it must be an even number from 128 to 4096.",
  ],
  [
    video({ Watermarks: ["a", "b", "c", "d", "e"].map((Id) => ({ Id })) }),
    "Video:Watermarks has more than 4 settings.",
  ],
  [video({ Watermarks: [{ Id: "a" }, { Id: "a" }] }), "Video:Watermarks:a:Id is used more than once."],
  [watermark({ Id: undefined }), "Video:Watermarks:1:Id is not allowed to be null."],
  [watermark({ MaxWidth: "15px" }), "Video:Watermarks:Logo:MaxWidth '15px' is not from 16px to 1280px."],
  [watermark({ MaxHeight: "721px" }), "Video:Watermarks:Logo:MaxHeight '721px' is not from 16px to 720px."],
  [watermark({ VerticalOffset: "100.1%" }), "Video:Watermarks:Logo:VerticalOffset '100.1%' is above 100%."],
  [watermark({ Opacity: "100.5" }), "Video:Watermarks:Logo:Opacity must be from 0 to 100."],
  [audio({ BitRate: "321" }), "Audio:BitRate '321' is not allowed: it must be a whole number from 16 to 320."],
  [
    audio({ Codec: "mp3", BitRate: "63" }),
    "Audio:BitRate '63' is not allowed: it must be a whole number from 64 to 320.",
  ],
  [
    audio({ SampleRate: "192000" }),
    "Audio:SampleRate '192000' is not allowed: it must be one of auto, 22050, 32000, 44100, 48000, 96000.",
  ],
  [audio({ CodecOptions: { BitDepth: "16" } }), "Audio:CodecOptions:BitDepth is not allowed for codec AAC."],
  [
    preset({ Container: "flac", Audio: { Codec: "flac", CodecOptions: { BitDepth: "32" } } }),
    "Audio:CodecOptions:BitDepth '32' is not allowed: it must be one of 16, 24.",
  ],
  [
    preset({ Container: "mxf", Audio: { ...pcm, SampleRate: "44100" } }),
    "Audio:SampleRate must be 48000 for container mxf.",
  ],
  [
    audio({ AudioPackingMode: "OneChannelPerTrack" }),
    "Audio:AudioPackingMode 'OneChannelPerTrack' is allowed only for container mxf.",
  ],
  [preset({ Container: "wav", Audio: { ...pcm, Channels: "0" } }), "Audio:Channels 0 without Video leaves nothing."],
  [thumbnails({ Interval: "0" }), "Thumbnails:Interval '0' is not allowed: it must be a whole number from 1 to 99999."],
  [
    thumbnails({ MaxWidth: "30" }),
    "Thumbnails:MaxWidth '30' is not allowed: it must be one of auto or an even number from 32 to 4096.",
  ],
  [
    thumbnails({ Resolution: "192x108", MaxWidth: "192" }),
    "Thumbnails: Resolution and MaxWidth are mutually exclusive.",
  ],
  [
    preset({ Video: { Codec: "H.264", Resolution: "640x480" }, Thumbnails: { Resolution: "642x480" } }),
    "Thumbnails:Resolution width '642' is not allowed: it must be an even number from 32 to 640.",
  ],
];

for (const [document, ...problems] of bad) {
  test(`refuses: ${problems.join(" ")}`, () => assert.deepEqual(checkPreset(document).problems, problems));
}

const level = (Level: string, part: VideoSettings = {}, more: Record<string, string> = {}) =>
  video({ ...part, CodecOptions: { Profile: "main", Level, MaxReferenceFrames: "3", ...more } });

const warned: [preset: PresetDocument, ...warnings: string[]][] = [
  [level("3.1")],
  [level("3.1", {}, { MaxReferenceFrames: "5" })],
  [
    level("3.1", {}, { MaxReferenceFrames: "6" }),
    "6 reference frames at 1280x720 are more than the 5 of H.264 level 3.1.",
  ],
  [level("3.1", { BitRate: "14000" })],
  [
    level("3.1", { BitRate: "14001" }),
    "The bit rate of 14001 kbit/s is above the 14000 of H.264 level 3.1 in profile main.",
  ],
  [level("3.1", { BitRate: "17500" }, { Profile: "high" })],
  [
    level("3.1", {}, { MaxBitRate: "20000" }),
    "The bit rate of 20000 kbit/s is above the 14000 of H.264 level 3.1 in profile main.",
  ],
  [
    level("3.1", { FrameRate: "50" }),
    "50 frames per second at 1280x720 are above the 27648000 luma samples per second of H.264 level 3.1.",
  ],
  [level("3.1", { FrameRate: "auto" })],
  [
    level("3", { FrameRate: "auto", MaxWidth: "720", MaxHeight: "576" }),
    "30 frames per second at 720x576 are above the 10368000 luma samples per second of H.264 level 3.",
  ],
  [
    level("3.1", { FrameRate: "auto", MaxFrameRate: "60" }),
    "60 frames per second at 1280x720 are above the 27648000 luma samples per second of H.264 level 3.1.",
  ],
  [
    level("3.1", { MaxWidth: "1920", MaxHeight: "1080" }),
    "The size of 1920x1080 is above the 921600 pixels of H.264 level 3.1.",
    "3 reference frames at 1920x1080 are more than the 2 of H.264 level 3.1.",
    "30 frames per second at 1920x1080 are above the 27648000 luma samples per second of H.264 level 3.1.",
  ],
  [
    level("1b", { MaxWidth: "auto" }),
    "The bit rate of 2200 kbit/s is above the 128 of H.264 level 1b in profile main.",
  ],
  [video({ MaxFrameRate: "60" }), "Video:MaxFrameRate has no effect: Video:FrameRate is not auto."],
  [
    audio({ BitRate: "48", CodecOptions: { Profile: "AAC-LC" } }),
    "AAC-LC is meant for bit rates of 64 kbit/s and more.",
  ],
  [
    audio({ BitRate: "64", CodecOptions: { Profile: "HE-AAC" } }),
    "Jobs with HE-AAC fail where FFmpeg was built without libfdk_aac.",
  ],
  [preset({ Container: "wav", Audio: { ...pcm, BitRate: "128" } }), "Audio:BitRate has no effect: codec pcm has none."],
];

for (const [document, ...warnings] of warned) {
  test(`warns: ${warnings.join(" ") || `of nothing in ${JSON.stringify(document.Video)}`}`, () => {
    assert.deepEqual(checkPreset(document), { problems: [], warnings });
  });
}

test("leaves out codec options that are empty", () => {
  const document = newPresetDocument({
    Name: "p",
    Container: "mp4",
    Video: { Codec: "H.264", CodecOptions: { Profile: "main", MaxBitRate: "", BufferSize: "" } },
  });
  assert.deepEqual(document.Video, { Codec: "H.264", CodecOptions: { Profile: "main" } });
});
