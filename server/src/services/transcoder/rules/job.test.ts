import assert from "node:assert/strict";
import { test } from "node:test";
import type { CreateJobOutput, CreateJobRequest } from "@aws-sdk/client-elastic-transcoder";
import type { PresetDocument } from "../../../storage/records/job-document.ts";
import { ServiceError } from "../../service-error.ts";
import { findSystemPreset } from "../system-presets.ts";
import { checkJobRequest, checkJobWithPresets } from "./job.ts";
import { refuseWhatIsNotDone } from "./not-done-yet.ts";

const mp4 = "1351620000001-000010";
const hls2m = "1351620000001-200010";
const hls1m = "1351620000001-200030";
const fmp4 = "1351620000001-500020";
const mp3 = "1351620000001-300040";

/** What CreateJob does before it touches a row. */
function check(request: CreateJobRequest): string | undefined {
  try {
    const checked = checkJobRequest(request);
    refuseWhatIsNotDone(checked);
    const presets = checked.outputs.map(({ PresetId }) => findSystemPreset(PresetId)!.document as PresetDocument);
    checkJobWithPresets(checked, presets);
    return undefined;
  } catch (error) {
    assert(error instanceof ServiceError);
    assert.equal(error.code, "ValidationException");
    return error.message;
  }
}

const job = (part: Partial<CreateJobRequest> = {}): CreateJobRequest => ({
  PipelineId: "1111111111111-abcde1",
  Input: { Key: "in.mp4" },
  Output: { Key: "out.mp4", PresetId: mp4 },
  ...part,
});
const output = (part: CreateJobOutput) => job({ Output: { Key: "out.mp4", PresetId: mp4, ...part } });
const outputs = (...Outputs: CreateJobOutput[]) => job({ Output: undefined, Outputs });
const hls = (Key: string, part: CreateJobOutput = {}): CreateJobOutput => ({
  Key,
  PresetId: hls2m,
  SegmentDuration: "10",
  ...part,
});
const playlist = (Name: string, ...OutputKeys: string[]) => ({ Name, Format: "HLSv3", OutputKeys });

const good: [what: string, request: CreateJobRequest][] = [
  ["one output", job()],
  ["the plural spellings", job({ Input: undefined, Inputs: [{ Key: "a" }], Output: undefined, Outputs: [hls("b")] })],
  ["thumbnails and rotation", output({ ThumbnailPattern: "t/{count}-{resolution}", Rotate: "90" })],
  ["an empty thumbnail pattern with a preset for audio", output({ PresetId: mp3, ThumbnailPattern: "" })],
  ["a watermark of text", output({ Watermarks: [{ PresetWatermarkId: "TopLeft", InputKey: "text:© {jobId}" }] })],
  ["a segmented output in no playlist", outputs(hls("a"))],
  ["segments in fmp4", output({ PresetId: fmp4, SegmentDuration: "4" })],
  [
    "a ladder with a playlist",
    { ...outputs(hls("a/1"), hls("a/2", { PresetId: hls1m })), Playlists: [playlist("a/index", "a/1", "a/2")] },
  ],
  [
    "equal segment durations in different words",
    {
      ...outputs(hls("1"), hls("2", { SegmentDuration: "10.0" })),
      Playlists: [playlist("index", "2", "1")],
    },
  ],
  [
    "equal clips in different words",
    {
      ...outputs(
        hls("1", { Composition: [{ TimeSpan: { StartTime: "0:10", Duration: "5" } }] }),
        hls("2", { Composition: [{ TimeSpan: { StartTime: "10.0", Duration: "00:00:05.000" } }] }),
      ),
      Playlists: [playlist("index", "1", "2")],
    },
  ],
  ["the longest day", job({ Input: { Key: "a", TimeSpan: { StartTime: "86399.999", Duration: "23:59:59.999" } } })],
  ["one clip", output({ Composition: [{ TimeSpan: { StartTime: "0:10", Duration: "5" } }] })],
  ["metadata", job({ UserMetadata: { title: "A b:/=+-%@_.", ["k".repeat(128)]: "v".repeat(256), empty: "" } })],
  ["structures without anything in them", output({ Captions: { CaptionFormats: [] }, Encryption: {}, AlbumArt: {} })],
  ["encryption by S3", output({ Encryption: { Mode: "s3" }, ThumbnailEncryption: { Mode: "s3-aws-kms" } })],
  ["the removal of album art", output({ AlbumArt: { MergePolicy: "Replace", Artwork: [] } })],
];

for (const [what, request] of good) test(`takes ${what}`, () => assert.equal(check(request), undefined));

const missing = (path: string) =>
  `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`;
const mustBegin = "All outputs in a playlist must begin identically to the playlist name upto the last / character.";

const bad: [request: CreateJobRequest, message: string][] = [
  [job({ Inputs: [{ Key: "a" }] }), "Input and Inputs are mutually exclusive."],
  [job({ Outputs: [{ Key: "a", PresetId: mp4 }] }), "Output and Outputs are mutually exclusive."],
  [job({ Input: undefined }), "Input and Inputs are not allowed to both be null or empty."],
  [job({ Output: undefined, Outputs: [] }), "Output and Outputs are not allowed to both be null or empty."],
  [job({ Input: {} }), missing("input.key")],
  [job({ Output: { Key: "a" } }), missing("output.presetId")],
  [outputs({ Key: "a", PresetId: mp4 }, { PresetId: mp4 }), missing("outputs.2.member.key")],
  [output({ Watermarks: [{ PresetWatermarkId: "TopLeft" }] }), missing("output.watermarks.1.member.inputKey")],
  [job({ Playlists: [{ Name: "a", OutputKeys: [] }] }), missing("playlists.1.member.format")],
  [job({ Input: { Key: "a", Resolution: "640x480" } }), "The Resolution of input 'a' must be auto."],
  [
    job({ Input: { Key: "a", TimeSpan: { StartTime: "86400" } } }),
    "The StartTime of input 'a' must be at most 23:59:59.999.",
  ],
  [job({ Input: { Key: "a", TimeSpan: { Duration: "0:00.0" } } }), "The Duration of input 'a' must be more than 0."],
  [output({ SegmentDuration: "0.5" }), "The SegmentDuration of output 'out.mp4' must be from 1 to 60 seconds."],
  [
    output({ SegmentDuration: "10" }),
    "Output 'out.mp4' must not have a SegmentDuration: it is available only for 'ts' and 'fmp4' containers.",
  ],
  [output({ Composition: [{}, {}] }), "The Composition of output 'out.mp4' has more than one clip."],
  [outputs({ Key: "a", PresetId: mp4 }, { Key: "a", PresetId: mp4 }), "The output key 'a' is used more than once."],
  [outputs(hls("a"), { Key: "a.m3u8", PresetId: mp4 }), "More than one file of the job would have the key 'a.m3u8'."],
  [
    outputs(hls("a"), { Key: "a00000.ts", PresetId: mp4 }),
    "More than one file of the job would have the key 'a00000.ts'.",
  ],
  [
    { ...outputs(hls("a")), Playlists: [playlist("a", "a")] },
    "More than one file of the job would have the key 'a.m3u8'.",
  ],
  [
    {
      ...outputs(hls("a"), { Key: "a.key", PresetId: mp4 }),
      Playlists: [
        {
          ...playlist("i", "a"),
          HlsContentProtection: { Method: "aes-128", KeyStoragePolicy: "WithVariantPlaylists" },
        },
      ],
    },
    "More than one file of the job would have the key 'a.key'.",
  ],
  [
    output({ PresetId: mp3, ThumbnailPattern: "t{count}" }),
    "Output 'out.mp4' has a ThumbnailPattern, and its preset has no settings for thumbnails.",
  ],
  [
    output({ Watermarks: [{ PresetWatermarkId: "Middle", InputKey: "a.png" }] }),
    "Output 'out.mp4' uses watermark 'Middle', which its preset does not have.",
  ],
  [
    output({ Watermarks: Array(5).fill({ PresetWatermarkId: "TopLeft", InputKey: "a.png" }) }),
    "Output 'out.mp4' has more than 4 watermarks.",
  ],
  [job({ UserMetadata: { a: "é" } }), "UserMetadata 'a' has characters other than 0-9A-Za-z, space and _.:/=+-%@."],
  [job({ UserMetadata: { "": "a" } }), "The keys of UserMetadata must have 1 to 128 characters."],
  [job({ UserMetadata: { a: "v".repeat(257) } }), "The value of 'a' in UserMetadata has more than 256 characters."],
  [
    job({ UserMetadata: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, ""])) }),
    "UserMetadata has more than 10 pairs.",
  ],
  [
    { ...outputs({ Key: "a", PresetId: hls2m }, { Key: "b", PresetId: hls2m }), Playlists: [playlist("i", "a", "b")] },
    "Output 'a' must have a SegmentDuration since it is part of a playlist. SegmentDurtion is available only for 'ts' containers. Output 'b' must have a SegmentDuration since it is part of a playlist. SegmentDurtion is available only for 'ts' containers.",
  ],
  [
    { ...outputs(hls("a", { PresetId: fmp4 })), Playlists: [playlist("i", "a")] },
    "All output keys in a HLSv3 playlist must have container type of ts.",
  ],
  [{ ...outputs(hls("b/1")), Playlists: [playlist("a/index", "b/1")] }, mustBegin],
  [{ ...outputs(hls("1")), Playlists: [playlist("a/index", "1")] }, mustBegin],
  [
    { ...outputs(hls("a/1"), hls("b/1")), Playlists: [playlist("a/i", "a/1"), playlist("b/i", "b/1")] },
    "All playlist names of a job must begin identically upto the last / character.",
  ],
  [
    { ...outputs(hls("1")), Playlists: [playlist("i", "1"), playlist("i", "1")] },
    "The playlist name 'i' is used more than once.",
  ],
  [{ ...outputs(hls("1")), Playlists: [playlist("i", "2")] }, "Playlist 'i' names '2', which is no output of the job."],
  [{ ...outputs(hls("1")), Playlists: [playlist("i")] }, "Playlist 'i' has no output keys."],
  [{ ...outputs(hls("1")), Playlists: [playlist("i", "1", "1")] }, "Playlist 'i' names an output more than once."],
  [
    { ...outputs(hls("1"), hls("2", { SegmentDuration: "6" })), Playlists: [playlist("i", "1", "2")] },
    "All outputs in a playlist must have the same SegmentDuration: playlist 'i'.",
  ],
  [
    {
      ...outputs(hls("1"), hls("2", { Composition: [{ TimeSpan: { StartTime: "1" } }] })),
      Playlists: [playlist("i", "1", "2")],
    },
    "All outputs in a playlist must have the same Composition: playlist 'i'.",
  ],
];

for (const [request, message] of bad) test(`refuses: ${message}`, () => assert.equal(check(request), message));

const notDone: [request: CreateJobRequest, what: string][] = [
  [job({ Input: undefined, Inputs: [{ Key: "a" }, { Key: "b" }] }), "stitching 2 inputs into one; give one input"],
  [job({ Input: { Key: "a", InputCaptions: { MergePolicy: "Override" } } }), "captions of input 'a' (InputCaptions)"],
  [output({ AlbumArt: { MergePolicy: "Append" } }), "album art in output 'out.mp4' (AlbumArt)"],
  [
    output({ AlbumArt: { MergePolicy: "Replace", Artwork: [{ InputKey: "a.png" }] } }),
    "album art in output 'out.mp4' (AlbumArt)",
  ],
  [output({ Captions: { CaptionFormats: [{ Format: "srt" }] } }), "captions in output 'out.mp4' (Captions)"],
  ...["HLSv4", "Smooth", "MPEG-DASH"].map((Format): [CreateJobRequest, string] => [
    job({ Playlists: [{ Name: "i", Format, OutputKeys: ["out.mp4"] }] }),
    `${Format} playlists ('i'); HLSv3 is done`,
  ]),
  [
    { ...outputs(hls("1")), Playlists: [{ ...playlist("i", "1"), PlayReadyDrm: { Format: "microsoft" } }] },
    "DRM of playlist 'i' (PlayReadyDrm)",
  ],
];

for (const [request, what] of notDone) {
  test(`refuses by name: ${what}`, () => assert.equal(check(request), `Millrace does not do this yet: ${what}.`));
}
