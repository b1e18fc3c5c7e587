/**
 * The control plane of Kinesis Video Streams through its official client: every operation that is served.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  APIName,
  paginateListStreams,
  ResourceInUseException,
  ResourceNotFoundException,
  VersionMismatchException,
} from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { KinesisVideoSignaling } from "@aws-sdk/client-kinesis-video-signaling";
import type { Stream } from "../../src/storage/records/streams.ts";
import { account, keys, region, startStreams } from "./streams-server.ts";

/** A clock that stands still, near enough to that of the clients. */
const now = Date.now();

test("a stream is made, described, changed and deleted", async (t) => {
  const { client } = await startStreams(t);
  const before = Date.now();
  const { StreamARN } = await client.createStream({
    StreamName: "cam_1",
    DeviceName: "Kinesis_Video_Device",
    MediaType: "video/h264,audio/aac",
    DataRetentionInHours: 2,
  });
  const createdAt = Number(StreamARN?.replace(`arn:aws:kinesisvideo:${region}:${account}:stream/cam_1/`, ""));
  assert.ok(before <= createdAt && createdAt <= Date.now(), `${StreamARN}`);

  const { StreamInfo } = await client.describeStream({ StreamName: "cam_1" });
  assert.match(StreamInfo!.Version!, /^[a-zA-Z0-9]{20}$/);
  assert.deepEqual(StreamInfo, {
    DeviceName: "Kinesis_Video_Device",
    StreamName: "cam_1",
    StreamARN,
    MediaType: "video/h264,audio/aac",
    KmsKeyId: `arn:aws:kms:${region}:${account}:alias/aws/kinesisvideo`,
    Version: StreamInfo!.Version,
    Status: "ACTIVE",
    CreationTime: new Date(createdAt),
    DataRetentionInHours: 2,
  });
  assert.deepEqual((await client.describeStream({ StreamARN })).StreamInfo, StreamInfo);
  assert.deepEqual((await client.describeStream({ StreamARN, StreamName: "cam_1" })).StreamInfo, StreamInfo);

  await client.updateStream({ StreamName: "cam_1", CurrentVersion: StreamInfo!.Version!, MediaType: "video/h265" });
  const { StreamInfo: changed } = await client.describeStream({ StreamARN });
  assert.notEqual(changed!.Version, StreamInfo!.Version);
  assert.deepEqual(changed, { ...StreamInfo, Version: changed!.Version, MediaType: "video/h265" });

  const stale = { StreamARN: StreamARN!, CurrentVersion: StreamInfo!.Version! };
  await assert.rejects(client.deleteStream(stale), VersionMismatchException);
  await client.deleteStream({ StreamARN: StreamARN!, CurrentVersion: changed!.Version! });
  await assert.rejects(client.describeStream({ StreamName: "cam_1" }), ResourceNotFoundException);
  await assert.rejects(client.deleteStream({ StreamARN: StreamARN! }), ResourceNotFoundException);
  assert.deepEqual((await client.listStreams({})).StreamInfoList, []);
});

test("what was never given is left out, and defaults are those of the service", async (t) => {
  const { call } = await startStreams(t, { clock: () => now });
  const { status, text, body } = await call("/createStream", '{"StreamName":"bare"}');
  assert.deepEqual(
    [status, body],
    [200, { StreamARN: `arn:aws:kinesisvideo:us-west-2:${account}:stream/bare/${now}` }],
  );
  assert.ok(!text.includes("null"));
  const described = (await call("/describeStream", '{"StreamName":"bare"}')).body.StreamInfo;
  assert.deepEqual(described, {
    StreamName: "bare",
    StreamARN: body.StreamARN,
    KmsKeyId: `arn:aws:kms:${region}:${account}:alias/aws/kinesisvideo`,
    Version: described.Version,
    Status: "ACTIVE",
    CreationTime: now / 1000,
    DataRetentionInHours: 0,
  });
  for (const name of ["updateStream", "tagStream", "untagStream"]) {
    const input: object = {
      StreamName: "bare",
      CurrentVersion: described.Version,
      Tags: { a: "b" },
      TagKeyList: ["a"],
    };
    assert.equal((await call(`/${name}`, JSON.stringify(input))).text, "{}", name);
  }
  for (const name of ["describeNotificationConfiguration", "describeImageGenerationConfiguration"]) {
    assert.equal((await call(`/${name}`, '{"StreamName":"bare"}')).text, "{}", name);
  }
});

test("a name is free once its stream is deleted, and the old ARN stays dead", async (t) => {
  const { client, records } = await startStreams(t, { clock: () => now });
  const create = () => client.createStream({ StreamName: "again" });
  const first = await create();
  await assert.rejects(create(), ResourceInUseException);
  await client.deleteStream({ StreamARN: first.StreamARN! });
  const second = await create();
  assert.notEqual(second.StreamARN, first.StreamARN, "within the same millisecond");
  await assert.rejects(client.describeStream({ StreamARN: first.StreamARN }), ResourceNotFoundException);
  const { StreamInfo } = await client.describeStream({ StreamName: "again" });
  assert.equal(StreamInfo!.StreamARN, second.StreamARN);
  const rows = await records.db.selectFrom("streams").select(["id", "status"]).orderBy("created_at").execute();
  assert.deepEqual(
    rows.map(({ status }) => status),
    ["DELETING", "ACTIVE"],
  );
  assert.notEqual(rows[0]!.id, rows[1]!.id);
});

test("streams are listed by name, by prefix and in pages; those of other regions are not", async (t) => {
  const { client, clientOf } = await startStreams(t);
  const names = ["a", "b-1", "b-10", "b-2", "b.x", "b_y", "B", "c"];
  for (const StreamName of names) await client.createStream({ StreamName });
  await clientOf({ region: "eu-west-1" }).createStream({ StreamName: "b-elsewhere" });
  const listed = async (input: object) => {
    const pages = [];
    for await (const page of paginateListStreams({ client, pageSize: 3 }, input)) {
      pages.push(page.StreamInfoList!.map(({ StreamName }) => StreamName));
    }
    return pages;
  };
  assert.deepEqual(await listed({}), [
    ["B", "a", "b-1"],
    ["b-10", "b-2", "b.x"],
    ["b_y", "c"],
  ]);
  const beginsWith = (ComparisonValue: string) => ({
    StreamNameCondition: { ComparisonOperator: "BEGINS_WITH" as const, ComparisonValue },
  });
  assert.deepEqual(await listed(beginsWith("b-")), [["b-1", "b-10", "b-2"]]);
  assert.deepEqual(await listed(beginsWith("b")), [
    ["b-1", "b-10", "b-2"],
    ["b.x", "b_y"],
  ]);
  assert.deepEqual(await listed(beginsWith("z")), [[]]);
  const whole = await client.listStreams({ NextToken: "" });
  assert.deepEqual(
    whole.StreamInfoList!.map(({ StreamName }) => StreamName),
    names.toSorted(),
  );
  assert.equal(whole.NextToken, undefined);
  assert.deepEqual(whole.StreamInfoList![0], (await client.describeStream({ StreamName: "B" })).StreamInfo);

  // A page goes on behind a name that is gone meanwhile.
  const page = await client.listStreams({ MaxResults: 2 });
  await client.deleteStream({ StreamARN: page.StreamInfoList![1]!.StreamARN! });
  const next = await client.listStreams({ MaxResults: 1, NextToken: page.NextToken! });
  assert.equal(next.StreamInfoList![0]!.StreamName, "b-1");
});

test("retention changes by a difference, also to nothing", async (t) => {
  const told: [string, number][] = [];
  const listeners = {
    async retentionReduced({ name, retentionHours }: Stream) {
      told.push([name, retentionHours]);
    },
  };
  const { client } = await startStreams(t, { listeners });
  await client.createStream({ StreamName: "s", DataRetentionInHours: 24 });
  const described = async () => (await client.describeStream({ StreamName: "s" })).StreamInfo!;
  const change = async (direction: "INCREASE" | "DECREASE", DataRetentionChangeInHours: number) => {
    const { Version } = await described();
    const Operation = `${direction}_DATA_RETENTION` as const;
    await client.updateDataRetention({
      StreamName: "s",
      CurrentVersion: Version!,
      Operation,
      DataRetentionChangeInHours,
    });
    const { DataRetentionInHours, Version: next } = await described();
    assert.notEqual(next, Version);
    return DataRetentionInHours;
  };
  assert.equal(await change("INCREASE", 1), 25);
  assert.deepEqual(told, []);
  assert.equal(await change("DECREASE", 20), 5);
  assert.equal(await change("DECREASE", 5), 0);
  assert.deepEqual(told, [
    ["s", 5],
    ["s", 0],
  ]);
  assert.equal(await change("INCREASE", 87_600), 87_600);
});

test("of changes made side by side with one version, exactly one wins; tags all come to stand", async (t) => {
  const { client } = await startStreams(t);
  await client.createStream({ StreamName: "s" });
  const { StreamInfo } = await client.describeStream({ StreamName: "s" });
  const CurrentVersion = StreamInfo!.Version!;
  const attempts = Array.from({ length: 12 }, (_, i) =>
    client.updateStream({ StreamName: "s", CurrentVersion, DeviceName: `d${i}` }).then(
      () => i,
      (error: Error) => assert.ok(error instanceof VersionMismatchException, error.name),
    ),
  );
  const tags = Array.from({ length: 12 }, (_, i) => client.tagStream({ StreamName: "s", Tags: { [`k${i}`]: "v" } }));
  const winners = (await Promise.all(attempts)).filter((winner) => winner !== undefined);
  await Promise.all(tags);
  assert.equal(winners.length, 1);
  assert.equal((await client.describeStream({ StreamName: "s" })).StreamInfo!.DeviceName, `d${winners[0]}`);
  assert.equal(Object.keys((await client.listTagsForStream({ StreamName: "s" })).Tags!).length, 12);
});

test("tags are set, replaced and taken away, by stream and by resource, and leave the version alone", async (t) => {
  const { client } = await startStreams(t);
  const { StreamARN } = await client.createStream({ StreamName: "s", Tags: { a: "1", __proto__x: "" } });
  const { StreamInfo } = await client.describeStream({ StreamName: "s" });
  await client.tagStream({ StreamARN, Tags: { a: "2", "ключ: /=+-@": "wert é" } });
  await client.tagResource({
    ResourceARN: StreamARN!,
    Tags: [
      { Key: "b", Value: "3" },
      { Key: "b", Value: "4" },
    ],
  });
  const all = { a: "2", __proto__x: "", "ключ: /=+-@": "wert é", b: "4" };
  assert.deepEqual((await client.listTagsForStream({ StreamName: "s" })).Tags, all);
  assert.deepEqual((await client.listTagsForResource({ ResourceARN: StreamARN! })).Tags, all);
  await client.untagStream({ StreamName: "s", TagKeyList: ["a", "nothing"] });
  await client.untagResource({ ResourceARN: StreamARN!, TagKeyList: ["b"] });
  const { Tags, NextToken } = await client.listTagsForStream({ StreamARN });
  assert.deepEqual([Tags, NextToken], [{ __proto__x: "", "ключ: /=+-@": "wert é" }, undefined]);
  assert.equal((await client.describeStream({ StreamName: "s" })).StreamInfo!.Version, StreamInfo!.Version);
});

test("storage tiers, notifications and image generation are kept, shown and removed", async (t) => {
  const { client } = await startStreams(t);
  const StreamName = "s";
  const { StreamARN } = await client.createStream({ StreamName, DataRetentionInHours: 1 });
  const tier = async () => {
    const { $metadata, ...answer } = await client.describeStreamStorageConfiguration({ StreamName });
    return answer;
  };
  const hot = { StreamName, StreamARN, StreamStorageConfiguration: { DefaultStorageTier: "HOT" } };
  assert.deepEqual(await tier(), hot);
  const CurrentVersion = (await client.describeStream({ StreamName })).StreamInfo!.Version!;
  const StreamStorageConfiguration = { DefaultStorageTier: "WARM" as const };
  await client.updateStreamStorageConfiguration({ StreamARN, CurrentVersion, StreamStorageConfiguration });
  assert.deepEqual(await tier(), { ...hot, StreamStorageConfiguration });
  await assert.rejects(
    client.updateStreamStorageConfiguration({ StreamARN, CurrentVersion, StreamStorageConfiguration }),
    VersionMismatchException,
  );
  await client.createStream({ StreamName: "warm", StreamStorageConfiguration });
  const warm = await client.describeStreamStorageConfiguration({ StreamName: "warm" });
  assert.deepEqual(warm.StreamStorageConfiguration, StreamStorageConfiguration);

  const NotificationConfiguration = {
    Status: "ENABLED" as const,
    DestinationConfig: { Uri: `arn:aws:sns:${region}:${account}:topic` },
  };
  const notification = async () =>
    (await client.describeNotificationConfiguration({ StreamName })).NotificationConfiguration;
  await client.updateNotificationConfiguration({ StreamName, NotificationConfiguration });
  assert.deepEqual(await notification(), NotificationConfiguration);
  await client.updateNotificationConfiguration({ StreamARN });
  assert.equal(await notification(), undefined);

  const ImageGenerationConfiguration = {
    Status: "ENABLED" as const,
    ImageSelectorType: "PRODUCER_TIMESTAMP" as const,
    DestinationConfig: { Uri: "s3://bucket/prefix", DestinationRegion: region },
    SamplingInterval: 200,
    Format: "JPEG" as const,
    FormatConfig: { JPEGQuality: "80" },
    WidthPixels: 320,
    HeightPixels: 240,
  };
  const images = async () =>
    (await client.describeImageGenerationConfiguration({ StreamName })).ImageGenerationConfiguration;
  await client.updateImageGenerationConfiguration({ StreamName, ImageGenerationConfiguration });
  assert.deepEqual(await images(), ImageGenerationConfiguration);
  await client.updateImageGenerationConfiguration({ StreamName });
  assert.equal(await images(), undefined);

  const mapped = await client.describeMappedResourceConfiguration({ StreamName, MaxResults: 1 });
  assert.deepEqual([mapped.MappedResourceConfigurationList, mapped.NextToken], [[], undefined]);
});

test("whoever frees media is told of a deletion, and its failure does not undo it", async (t) => {
  const told: string[] = [];
  const listeners = {
    async deleted({ id }: Stream) {
      told.push(id);
      throw new Error("no disk");
    },
  };
  const { client, records } = await startStreams(t, { listeners });
  const { StreamARN } = await client.createStream({ StreamName: "s" });
  const { id } = await records.db.selectFrom("streams").select("id").executeTakeFirstOrThrow();
  await client.deleteStream({ StreamARN: StreamARN! });
  assert.deepEqual(told, [id]);
  await assert.rejects(client.describeStream({ StreamName: "s" }), ResourceNotFoundException);
});

test("the data endpoint of every API is the address that the caller called", async (t) => {
  const { client, url, port, call } = await startStreams(t);
  await client.createStream({ StreamName: "s" });
  for (const name of Object.values(APIName)) {
    assert.equal((await client.getDataEndpoint({ StreamName: "s", APIName: name })).DataEndpoint, url, name);
  }
  const body = '{"StreamName":"s","APIName":"PUT_MEDIA"}';
  assert.equal((await call("/getDataEndpoint", body)).body.DataEndpoint, `http://127.0.0.1:${port}`);
});

test("the data endpoint is the public URL where one is set", async (t) => {
  const { client } = await startStreams(t, { publicUrl: "https://video.example.com/" });
  await client.createStream({ StreamName: "s" });
  const { DataEndpoint } = await client.getDataEndpoint({ StreamName: "s", APIName: "GET_CLIP" });
  assert.equal(DataEndpoint, "https://video.example.com");
});

test("the four clients of the signing name reach their own services, and what is not done is named", async (t) => {
  const { url, call } = await startStreams(t);
  const options = { endpoint: url, region, credentials: keys, maxAttempts: 1 };
  const media = new KinesisVideoMedia(options);
  const archived = new KinesisVideoArchivedMedia(options);
  const signaling = new KinesisVideoSignaling(options);
  t.after(() => [media, archived, signaling].map((client) => client.destroy()));
  const ARN = `arn:aws:kinesisvideo:${region}:${account}:channel/c/1`;
  const missing = { name: "ResourceNotFoundException" };
  await assert.rejects(media.getMedia({ StreamName: "s", StartSelector: { StartSelectorType: "NOW" } }), missing);
  await assert.rejects(archived.getMediaForFragmentList({ StreamName: "s", Fragments: ["1"] }), missing);
  const answers = [["GetIceServerConfig", signaling.getIceServerConfig({ ChannelARN: ARN })]] as const;
  for (const [name, answer] of answers) {
    await assert.rejects(answer, (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
      assert.equal(error.name, "NotImplemented");
      assert.match(error.message, new RegExp(`^${name} is not implemented here\\. .*\\.$`));
      assert.equal(error.$metadata?.httpStatusCode, 501);
      return true;
    });
  }
  for (const path of ["/createSignalingChannel", "//createSignalingChannel", "/createSignalingChannel/"]) {
    const { status, headers } = await call(path, '{"ChannelName":"c"}');
    assert.deepEqual([status, headers.get("x-amzn-errortype")], [501, "NotImplemented"], path);
  }
  const unknown = await call("/putNothing", "{}");
  assert.deepEqual([unknown.status, unknown.headers.get("x-amzn-errortype")], [404, "UnknownOperationException"]);
});
