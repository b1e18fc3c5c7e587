/**
 * Requests that no SDK sends: each member in turn as something it is not. The answer is the caller's mistake or a
 * success, never a failure of ours.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { account, region, startStreams } from "./streams-server.ts";

const tags = [{ Key: "a", Value: "b" }];
const inputs: Record<string, object> = {
  createStream: {
    StreamName: "s",
    DeviceName: "d",
    MediaType: "video/h264",
    KmsKeyId: "k",
    DataRetentionInHours: 1,
    Tags: { a: "b" },
    StreamStorageConfiguration: { DefaultStorageTier: "HOT" },
  },
  describeStream: { StreamName: "s", StreamARN: "ARN" },
  listStreams: {
    MaxResults: 1,
    NextToken: "cw==",
    StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "s" },
  },
  updateStream: { StreamName: "s", StreamARN: "ARN", CurrentVersion: "v", DeviceName: "d", MediaType: "a/b" },
  updateDataRetention: {
    StreamName: "s",
    CurrentVersion: "v",
    Operation: "INCREASE_DATA_RETENTION",
    DataRetentionChangeInHours: 1,
  },
  getDataEndpoint: { StreamName: "s", APIName: "PUT_MEDIA" },
  describeStreamStorageConfiguration: { StreamName: "s" },
  updateStreamStorageConfiguration: {
    StreamName: "s",
    CurrentVersion: "v",
    StreamStorageConfiguration: { DefaultStorageTier: "HOT" },
  },
  tagStream: { StreamName: "s", StreamARN: "ARN", Tags: { a: "b" } },
  untagStream: { StreamName: "s", TagKeyList: ["a"] },
  listTagsForStream: { StreamName: "s", StreamARN: "ARN", NextToken: "" },
  TagResource: { ResourceARN: "ARN", Tags: tags },
  UntagResource: { ResourceARN: "ARN", TagKeyList: ["a"] },
  ListTagsForResource: { ResourceARN: "ARN", NextToken: "" },
  describeNotificationConfiguration: { StreamName: "s" },
  updateNotificationConfiguration: {
    StreamName: "s",
    NotificationConfiguration: { Status: "ENABLED", DestinationConfig: { Uri: "arn:aws:sns:t" } },
  },
  describeImageGenerationConfiguration: { StreamName: "s" },
  updateImageGenerationConfiguration: {
    StreamName: "s",
    ImageGenerationConfiguration: {
      Status: "ENABLED",
      ImageSelectorType: "SERVER_TIMESTAMP",
      DestinationConfig: { Uri: "s3://b", DestinationRegion: region },
      SamplingInterval: 1000,
      Format: "JPEG",
      FormatConfig: { JPEGQuality: "1" },
      WidthPixels: 10,
      HeightPixels: 10,
    },
  },
  describeMappedResourceConfiguration: { StreamName: "s", MaxResults: 1, NextToken: "" },
  deleteStream: { StreamARN: `arn:aws:kinesisvideo:${region}:${account}:stream/none/1`, CurrentVersion: "v" },
};

const strange = [
  null,
  "",
  "x",
  "\0",
  "\ud800",
  `${"a/,".repeat(20_000)}*`,
  5,
  -1.5,
  1e300,
  2 ** 53,
  "NaN",
  "Infinity",
  true,
  [],
  ["x"],
  [null],
  [[]],
  {},
  { x: "y" },
  { __proto__x: "y", "\0": "\0" },
  { Key: {} },
];

test("whatever is in the place of a member, the answer is not a failure of ours", async (t) => {
  const { call } = await startStreams(t, { limits: { streams: 1e6 } });
  const made = await call("/createStream", JSON.stringify(inputs.createStream));
  const ARN = made.body.StreamARN;
  for (const [path, input] of Object.entries(inputs)) {
    await t.test(path, async () => {
      const asked = JSON.parse(JSON.stringify(input).replaceAll('"ARN"', JSON.stringify(ARN)));
      let count = 0;
      for (const variant of variants(asked)) {
        count += 1;
        // Each stream under a name of its own, so that what is let in is also written.
        const text = JSON.stringify(variant).replace('"StreamName":"s"', () => `"StreamName":"${nameOf(path, count)}"`);
        const { status, body } = await call(`/${path}`, text);
        assert.ok(status < 500, `${status} ${JSON.stringify(body)} to ${JSON.stringify(variant)}`.slice(0, 2000));
        if (400 <= status) assert.equal(typeof (body.Message ?? body.message), "string");
      }
    });
  }
  // What was let in can be read back.
  const listed = await call("/listStreams", "{}");
  assert.equal(listed.status, 200);
  for (const { StreamName } of listed.body.StreamInfoList) {
    for (const path of ["describeStream", "listTagsForStream", "describeImageGenerationConfiguration"]) {
      assert.equal((await call(`/${path}`, JSON.stringify({ StreamName }))).status, 200, StreamName);
    }
  }
});

test("bodies that are no input", async (t) => {
  const { call } = await startStreams(t);
  for (const body of ["", "null", "{", "[]", "1", '"a"', `${"[".repeat(100_000)}`, '{"StreamName":"s"}x', "\ufeff{}"]) {
    const { status, headers } = await call("/describeStream", body);
    assert.equal(status, 400, body.slice(0, 20));
    assert.match(headers.get("x-amzn-errortype") ?? "", /^(InvalidArgument|Serialization)Exception$/);
  }
});

test("a tag may be called __proto__", async (t) => {
  const { call } = await startStreams(t);
  await call("/createStream", '{"StreamName":"s","Tags":{"__proto__":"a","constructor":"b"}}');
  const { text } = await call("/listTagsForStream", '{"StreamName":"s"}');
  assert.equal(text, '{"Tags":{"__proto__":"a","constructor":"b"}}');
});

function nameOf(path: string, count: number): string {
  return path === "createStream" ? `s${count}` : "s";
}

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
