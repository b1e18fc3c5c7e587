/**
 * Requests that no SDK sends: each member in turn as something it is not. The answer is the caller's mistake or a
 * success, never a failure of ours.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { account, startTranscoder } from "./transcoder-server.ts";

const mp4 = "1351620000001-000010";
const encryption = { Mode: "s3", Key: "AAAA", KeyMd5: "AAAA", InitializationVector: "a" };
const captions = { MergePolicy: "Override", CaptionSources: [{ Key: "a", Language: "en", TimeOffset: "1" }] };

const pipeline = {
  Name: "p",
  InputBucket: "in",
  Role: `arn:aws:iam::${account}:role/r`,
  AwsKmsKeyArn: "arn",
  Notifications: { Progressing: "", Completed: "", Warning: "", Error: "" },
  ContentConfig: {
    Bucket: "b",
    StorageClass: "Standard",
    Permissions: [{ GranteeType: "Group", Grantee: "AllUsers", Access: ["Read"] }],
  },
  ThumbnailConfig: { Bucket: "b" },
};
const preset = {
  Name: "p",
  Description: "d",
  Container: "mp4",
  Video: {
    Codec: "H.264",
    CodecOptions: { Profile: "main", Level: "3", MaxReferenceFrames: "3", MaxBitRate: "1000" },
    KeyframesMaxDist: "90",
    FixedGOP: "false",
    BitRate: "1000",
    FrameRate: "auto",
    MaxFrameRate: "30",
    MaxWidth: "640",
    MaxHeight: "360",
    SizingPolicy: "Fit",
    PaddingPolicy: "Pad",
    DisplayAspectRatio: "auto",
    Watermarks: [{ Id: "a", MaxWidth: "10%", HorizontalOffset: "1px", Opacity: "100", Target: "Frame" }],
  },
  Audio: { Codec: "AAC", SampleRate: "44100", BitRate: "128", Channels: "2", CodecOptions: { Profile: "auto" } },
  Thumbnails: { Format: "png", Interval: "10", Resolution: "640x360" },
};
const job = {
  PipelineId: "",
  Input: { Key: "a", FrameRate: "auto", TimeSpan: { StartTime: "1", Duration: "1" }, Container: "auto" },
  Outputs: [
    {
      Key: "b",
      PresetId: mp4,
      ThumbnailPattern: "{count}",
      Rotate: "0",
      Watermarks: [{ PresetWatermarkId: "TopLeft", InputKey: "a.png" }],
      Composition: [{ TimeSpan: { StartTime: "1" } }],
    },
    { Key: "c/1", PresetId: "1351620000001-200010", SegmentDuration: "10" },
  ],
  OutputKeyPrefix: "p/",
  Playlists: [{ Name: "c/i", Format: "HLSv3", OutputKeys: ["c/1"] }],
  UserMetadata: { a: "b" },
};
const jobOfLater = {
  PipelineId: "",
  Inputs: [{ Key: "a", Encryption: encryption, InputCaptions: captions }],
  Output: {
    Key: "b",
    PresetId: mp4,
    ThumbnailEncryption: encryption,
    AlbumArt: { MergePolicy: "Append", Artwork: [{ InputKey: "a.png", MaxWidth: "64", Encryption: encryption }] },
    Captions: { ...captions, CaptionFormats: [{ Format: "srt", Pattern: "{language}", Encryption: encryption }] },
    Encryption: encryption,
  },
  Playlists: [{ Name: "i", Format: "HLSv4", HlsContentProtection: { Method: "aes-128", Key: "AAAA" } }],
};

const strange = [
  null,
  "",
  "x",
  `${"{count}".repeat(5000)}\n`,
  5,
  -1.5,
  true,
  [],
  ["x"],
  [null],
  [[]],
  {},
  { x: "y" },
  { Key: {} },
];

test("whatever is in the place of a member, the answer is not a failure of ours", async (t) => {
  const { client, call } = await startTranscoder(t, { limits: { pipelines: 1e6, presets: 1e6 } });
  const PipelineId = (await client.createPipeline(pipeline)).Pipeline!.Id!;
  const Id = PipelineId;
  const bodies: [method: string, path: string, body: object][] = [
    ["POST", "pipelines", pipeline],
    ["PUT", `pipelines/${Id}`, pipeline],
    ["POST", `pipelines/${Id}/notifications`, { Notifications: pipeline.Notifications }],
    ["POST", `pipelines/${Id}/status`, { Status: "Active" }],
    ["POST", "presets", preset],
    ["POST", "jobs", { ...job, PipelineId }],
    ["POST", "jobs", { ...jobOfLater, PipelineId }],
    ["POST", "roleTests", { Role: pipeline.Role, InputBucket: "a", OutputBucket: "b", Topics: [""] }],
  ];
  for (const [method, path, body] of bodies) {
    await t.test(`${method} ${path.replace(Id, "Id")}`, async () => {
      for (const variant of variants(body)) {
        const { status, body: answer } = await call(method, `/2012-09-25/${path}`, JSON.stringify(variant));
        assert.ok(status < 500, `${status} ${JSON.stringify(answer)} to ${JSON.stringify(variant)}`);
        if (400 <= status) assert.equal(typeof (answer.message ?? answer.Message), "string");
      }
    });
  }
  // What was let in can be read back.
  for (const path of ["pipelines", "presets", `jobsByPipeline/${Id}`, "jobsByStatus/Submitted"]) {
    let token = "";
    do {
      const { status, body } = await call("GET", `/2012-09-25/${path}${token && `?PageToken=${token}`}`);
      assert.equal(status, 200, path);
      token = body.NextPageToken ?? "";
    } while (token);
  }
});

/** The value with one of its parts, at any depth, replaced by each strange value. */
function* variants(value: unknown): Generator<unknown> {
  for (const other of strange) yield other;
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const other of variants(part)) {
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other };
    }
  }
}
