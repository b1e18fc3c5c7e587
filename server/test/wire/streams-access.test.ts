/**
 * Who may do what to streams, by real policies: a stream's own ARN and tags, the tags of a request, and the KMS key of the
 * stream on the caller's behalf. That each operation can be allowed and denied, authorization.test.ts shows for all.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { KMS } from "@aws-sdk/client-kms";
import { systemSleep } from "../../src/base/clock.ts";
import { openStreamEngine } from "../../src/engine/stream-engine.ts";
import { openKmsService } from "../../src/services/kms/service.ts";
import { openStreamsServices } from "../../src/services/streams/service.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { account, type Keys, region, startIdentities } from "../support/identities.ts";
import { PutMediaConnection } from "../support/put-media.ts";
import { cluster, header } from "../support/sent-media.ts";
import { parse, textOf } from "./media-wire.ts";

async function start(t: TestContext) {
  const server = await startIdentities(t, {
    async services(parts) {
      const blobs = await openFsBlobs({ folder: join(parts.folder, "blobs"), random: parts.random });
      const kms = openKmsStore(parts);
      const engine = openStreamEngine({ ...parts, blobs, kms, sleep: systemSleep, tickMs: 10 });
      t.after(async () => {
        engine.letGo();
        await engine.close();
        await blobs.close();
      });
      return [...openStreamsServices({ ...parts, engine }), openKmsService({ records: parts.records, keys: kms })];
    },
  });
  const options = (credentials: Keys) => ({ endpoint: server.url, region, credentials, maxAttempts: 1 });
  return {
    ...server,
    streams: (keys: Keys = server.root) => new KinesisVideo(options(keys)),
    media: (keys: Keys = server.root) => new KinesisVideoMedia(options(keys)),
    archive: (keys: Keys = server.root) => new KinesisVideoArchivedMedia(options(keys)),
    kms: new KMS(options(server.root)),
    async put(keys: Keys, stream: string): Promise<string[]> {
      const connection = new PutMediaConnection({ url: server.url, region, credentials: keys, stream });
      if ((await connection.status()) !== 200) return [String(await connection.status())];
      await connection.write(Buffer.concat([header(), cluster(1000)]));
      connection.end();
      return (await connection.all()).map(textOf);
    },
  };
}

const allow = (Action: string | string[], Resource: string | string[] = "*", Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});

const denied =
  (action: string, resource: string | RegExp) => (error: Error & { $metadata: { httpStatusCode?: number } }) => {
    assert.equal(error.name, "AccessDeniedException");
    assert.equal(error.$metadata.httpStatusCode, 401);
    const [, named] = new RegExp(`to perform: kinesisvideo:${action} on resource: (\\S+)`).exec(error.message)!;
    if (typeof resource === "string") assert.equal(named, resource);
    else assert.match(named!, resource);
    return true;
  };

test("a stream is judged by its own ARN and tags, also when it is called by its name", async (t) => {
  const server = await start(t);
  const root = server.streams();
  const { StreamARN: front } = await root.createStream({ StreamName: "front", Tags: { Team: "a" } });
  const { StreamARN: back } = await root.createStream({ StreamName: "back", Tags: { Team: "b" } });
  const byTag = await server.user("by-tag", [
    allow("kinesisvideo:DescribeStream", "*", { StringEquals: { "aws:ResourceTag/Team": "a" } }),
  ]);
  const byArn = await server.user("by-arn", [allow("kinesisvideo:*", front!)]);
  for (const { keys } of [byTag, byArn]) {
    const client = server.streams(keys);
    assert.equal((await client.describeStream({ StreamName: "front" })).StreamInfo!.StreamARN, front);
    assert.equal((await client.describeStream({ StreamARN: front })).StreamInfo!.StreamARN, front);
    for (const reference of [{ StreamName: "back" }, { StreamARN: back }]) {
      await assert.rejects(client.describeStream(reference), denied("DescribeStream", back!));
    }
    const none = `arn:aws:kinesisvideo:${region}:${account}:stream/none/*`;
    await assert.rejects(client.describeStream({ StreamName: "none" }), denied("DescribeStream", none));
    await assert.rejects(client.listStreams({}), denied("ListStreams", "*"));
  }
  // Made again under its name, it is another one.
  await root.deleteStream({ StreamARN: front });
  await root.createStream({ StreamName: "front" });
  const again = denied("DescribeStream", /stream\/front\/\d+$/);
  await assert.rejects(server.streams(byArn.keys).describeStream({ StreamName: "front" }), again);
});

test("a stream of another account is not found, whoever asks", async (t) => {
  const server = await start(t);
  const foreign = `arn:aws:kinesisvideo:${region}:210987654321:stream/front/1700000000000`;
  await server.streams().createStream({ StreamName: "front" });
  const { keys } = await server.user("all", [allow("kinesisvideo:*")]);
  for (const credentials of [server.root, keys]) {
    const asked = server.streams(credentials).describeStream({ StreamARN: foreign });
    await assert.rejects(asked, { name: "ResourceNotFoundException" });
  }
});

test("tags of a request are judged: those that it gives, and the keys that it names", async (t) => {
  const server = await start(t);
  const inTeam = { StringEquals: { "aws:RequestTag/Team": "a" } };
  const only = { "ForAllValues:StringEquals": { "aws:TagKeys": ["Team", "Room"] } };
  const { keys } = await server.user("tagger", [
    allow("kinesisvideo:CreateStream", "*", { ...inTeam, ...only }),
    allow(["kinesisvideo:TagStream", "kinesisvideo:TagResource"], "*", inTeam),
    allow(["kinesisvideo:UntagStream", "kinesisvideo:UntagResource"], "*", only),
  ]);
  const client = server.streams(keys);
  const create = denied("CreateStream", /stream\/s\/\*$/);
  await assert.rejects(client.createStream({ StreamName: "s" }), create);
  await assert.rejects(client.createStream({ StreamName: "s", Tags: { Team: "b" } }), create);
  await assert.rejects(client.createStream({ StreamName: "s", Tags: { Team: "a", Rank: "1" } }), create);
  const { StreamARN } = await client.createStream({ StreamName: "s", Tags: { Team: "a", Room: "1" } });
  await client.tagStream({ StreamName: "s", Tags: { Team: "a", Rank: "1" } });
  await assert.rejects(client.tagStream({ StreamName: "s", Tags: { Rank: "1" } }), denied("TagStream", StreamARN!));
  const ResourceARN = StreamARN;
  await client.tagResource({ ResourceARN, Tags: [{ Key: "Team", Value: "a" }] });
  const other = client.tagResource({ ResourceARN, Tags: [{ Key: "Team", Value: "b" }] });
  await assert.rejects(other, denied("TagResource", StreamARN!));
  await client.untagStream({ StreamName: "s", TagKeyList: ["Room"] });
  await assert.rejects(
    client.untagStream({ StreamName: "s", TagKeyList: ["Rank"] }),
    denied("UntagStream", StreamARN!),
  );
  await client.untagResource({ ResourceARN, TagKeyList: ["Team"] });
  const rank = client.untagResource({ ResourceARN, TagKeyList: ["Team", "Rank"] });
  await assert.rejects(rank, denied("UntagResource", StreamARN!));
});

test("producers need kms:GenerateDataKey and consumers kms:Decrypt, through the service", async (t) => {
  const server = await start(t);
  const { KeyMetadata } = await server.kms.createKey({});
  const keyArn = KeyMetadata!.Arn!;
  const { StreamARN } = await server
    .streams()
    .createStream({ StreamName: "keyed", DataRetentionInHours: 24, KmsKeyId: keyArn });
  const use = (action: string, stream = StreamARN!) =>
    allow(`kms:${action}`, keyArn, {
      StringEquals: {
        "kms:ViaService": `kinesisvideo.${region}.amazonaws.com`,
        "kms:EncryptionContext:aws:kinesisvideo:stream-arn": stream,
      },
    });
  const plain = await server.user("plain", [allow("kinesisvideo:*")]);
  const wrong = await server.user("wrong", [allow("kinesisvideo:*"), use("*", `${StreamARN}0`)]);
  const producer = await server.user("producer", [allow("kinesisvideo:PutMedia"), use("GenerateDataKey")]);
  const consumer = await server.user("consumer", [allow("kinesisvideo:Get*"), use("Decrypt")]);

  for (const { keys } of [plain, wrong]) assert.deepEqual(await server.put(keys, "keyed"), ["ERROR 4500"]);
  assert.deepEqual(await server.put(consumer.keys, "keyed"), ["401"]);
  assert.deepEqual(await server.put(producer.keys, "keyed"), ["BUFFERING 1000", "RECEIVED 1000", "PERSISTED 1000"]);

  const read = async (keys: Keys) => {
    const selector = { StartSelectorType: "EARLIEST" } as const;
    const { Payload } = await server.media(keys).getMedia({ StreamName: "keyed", StartSelector: selector });
    let bytes = Buffer.alloc(0);
    for await (const chunk of Payload as AsyncIterable<Uint8Array>) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.includes("CONTINUATION_TOKEN")) break;
    }
    const { clusters, tags } = parse(bytes);
    return [...clusters, ...tags.flatMap((tag) => tag.AWS_KINESISVIDEO_ERROR_ID ?? [])];
  };
  assert.deepEqual(await read(plain.keys), ["4500"]);
  assert.deepEqual(await read(consumer.keys), [1000]);
  await assert.rejects(read(producer.keys), denied("GetMedia", StreamARN!));

  const [Fragments] = [
    [(await server.records.db.selectFrom("fragments").select("number").executeTakeFirstOrThrow()).number],
  ];
  const list = (keys: Keys) => server.archive(keys).getMediaForFragmentList({ StreamName: "keyed", Fragments });
  const url = (keys: Keys) => server.archive(keys).getHLSStreamingSessionURL({ StreamName: "keyed" });
  for (const ask of [list, url]) {
    const refusal = { name: "NotAuthorizedException", message: /KMS_KEY_ACCESS_DENIED/ };
    await assert.rejects(ask(plain.keys), refusal);
  }
  await list(consumer.keys);

  // The account's own key leaves it to whoever may use the service.
  await server.streams().createStream({ StreamName: "usual", DataRetentionInHours: 24 });
  assert.equal((await server.put(plain.keys, "usual")).at(-1), "PERSISTED 1000");
});

test("a grant lets a producer in, and its end keeps it out", async (t) => {
  const server = await start(t);
  const { KeyMetadata } = await server.kms.createKey({});
  const KeyId = KeyMetadata!.KeyId!;
  const { StreamARN } = await server
    .streams()
    .createStream({ StreamName: "keyed", DataRetentionInHours: 24, KmsKeyId: KeyId });
  const { keys, name } = await server.user("camera", [allow("kinesisvideo:*")]);
  assert.deepEqual(await server.put(keys, "keyed"), ["ERROR 4500"]);
  const { GrantId } = await server.kms.createGrant({
    KeyId,
    GranteePrincipal: `arn:aws:iam::${account}:user/${name}`,
    Operations: ["GenerateDataKey"],
    Constraints: { EncryptionContextSubset: { "aws:kinesisvideo:stream-arn": StreamARN! } },
  });
  assert.equal((await server.put(keys, "keyed")).at(-1), "PERSISTED 1000");
  await server.kms.revokeGrant({ KeyId, GrantId });
  assert.deepEqual(await server.put(keys, "keyed"), ["ERROR 4500"]);
});
