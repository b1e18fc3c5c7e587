import { signRequest } from "../../../src/edge/auth/sign.ts";
import { findStream } from "../../../src/storage/records/streams.ts";
import type { Keys } from "../../support/identities.ts";
import { PutMediaConnection } from "../../support/put-media.ts";
import { cluster, header } from "../../support/sent-media.ts";
import { pictures, record, store } from "../../support/stored-media.ts";
import type { Cases } from "./cases.ts";
import { account, region, type World } from "./world.ts";

const arn = (rest: string) => `arn:aws:kinesisvideo:${region}:${account}:stream/${rest}`;

type Made = { name: string; streamArn: string; version: string; world: World };
type More = (made: Made) => object | Promise<object>;

async function newStream(world: World): Promise<Made> {
  const name = world.fresh("cam");
  await world.streams.createStream({ StreamName: name, DataRetentionInHours: 24, Tags: { team: "a" } });
  const { StreamInfo } = await world.streams.describeStream({ StreamName: name });
  return { name, streamArn: StreamInfo!.StreamARN!, version: StreamInfo!.Version!, world };
}

/** KVS's actions are called as its operations are. `how`: what names the stream. */
const onStream =
  (more: More = () => ({}), how: "StreamName" | "StreamARN" | "ResourceARN" = "StreamName"): Cases[string] =>
  async (world, operation) => {
    const made = await newStream(world);
    const named = { [how]: how === "StreamName" ? made.name : made.streamArn };
    return {
      needs: [[`kinesisvideo:${operation}`, made.streamArn]],
      input: { ...named, ...(await more(made)) },
    };
  };

const versioned = (more: object = {}): Cases[string] =>
  onStream(({ version }) => ({ CurrentVersion: version, ...more }));

const start = Date.parse("2026-01-02T03:04:05Z");
const range = { StartTimestamp: new Date(start), EndTimestamp: new Date(start + 10_000) };
const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: range };

/** An operation on media that is there. */
const onMedia = (more: (numbers: readonly string[]) => object): Cases[string] =>
  onStream(async ({ name, world }) => {
    const stream = await findStream(world.records.db, { account, region }, { name });
    const stored = await store(world.engine, stream!.id, record(...pictures(2)), { producerStart: start });
    return more(stored.map(({ number }) => `${number}`));
  });

export const streamsCases: Cases = {
  CreateStream(world) {
    const name = world.fresh("cam");
    return { needs: [["kinesisvideo:CreateStream", arn(`${name}/*`)]], input: { StreamName: name } };
  },
  DeleteStream: onStream(undefined, "StreamARN"),
  DescribeImageGenerationConfiguration: onStream(),
  DescribeMappedResourceConfiguration: onStream(),
  DescribeNotificationConfiguration: onStream(),
  DescribeStream: onStream(),
  "DescribeStream by ARN": onStream(undefined, "StreamARN"),
  "DescribeStream of none"(world) {
    const name = world.fresh("none");
    return {
      needs: [["kinesisvideo:DescribeStream", arn(`${name}/*`)]],
      input: { StreamName: name },
      fails: "ResourceNotFoundException",
    };
  },
  DescribeStreamStorageConfiguration: onStream(),
  GetDataEndpoint: onStream(() => ({ APIName: "PUT_MEDIA" })),
  ListStreams: () => ({ needs: [["kinesisvideo:ListStreams", "*"]] }),
  ListTagsForResource: onStream(undefined, "ResourceARN"),
  ListTagsForStream: onStream(),
  TagResource: onStream(() => ({ Tags: [{ Key: "team", Value: "b" }] }), "ResourceARN"),
  TagStream: onStream(() => ({ Tags: { team: "b" } })),
  UntagResource: onStream(() => ({ TagKeyList: ["team"] }), "ResourceARN"),
  UntagStream: onStream(() => ({ TagKeyList: ["team"] })),
  UpdateDataRetention: versioned({ Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 1 }),
  UpdateImageGenerationConfiguration: onStream(),
  UpdateNotificationConfiguration: onStream(),
  UpdateStream: versioned({ DeviceName: "d" }),
  UpdateStreamStorageConfiguration: versioned({ StreamStorageConfiguration: { DefaultStorageTier: "HOT" } }),
};

export const mediaCases: Cases = {
  GetMedia: onStream(() => ({ StartSelector: { StartSelectorType: "NOW" } })),
  async PutMedia(world) {
    const { name, streamArn } = await newStream(world);
    return {
      needs: [["kinesisvideo:PutMedia", streamArn]],
      call: async (credentials) => {
        const { url } = world;
        if (credentials === undefined) throw await refusalOf(world, name, undefined);
        const connection = new PutMediaConnection({ url, region, credentials, stream: name });
        await connection.write(Buffer.concat([header(), cluster(1000)]));
        connection.end();
        const all = await connection.all();
        if ((await connection.status()) !== 200) throw await refusalOf(world, name, credentials);
        if (!all.some(({ EventType }) => EventType === "PERSISTED")) throw new Error(JSON.stringify(all));
      },
    };
  },
};

/** What the body of a refused PutMedia says: the connection of producers reads acknowledgements only. */
async function refusalOf({ url }: World, stream: string, credentials: Keys | undefined) {
  const target = `${url}/putMedia`;
  const named = { "x-amzn-stream-name": stream, "x-amzn-fragment-timecode-type": "ABSOLUTE" };
  const common = { method: "POST", url: target, headers: named, body: "", region, clock: Date.now };
  const headers = credentials ? signRequest({ ...common, credentials, service: "kinesisvideo" }) : named;
  const answer = await fetch(target, { method: "POST", headers, body: "" });
  const { Message, message = Message } = (await answer.json()) as { Message?: string; message?: string };
  const name = answer.headers.get("x-amzn-errortype")?.split(":")[0];
  return { name, message, $metadata: { httpStatusCode: answer.status } };
}

export const archivedMediaCases: Cases = {
  GetClip: onMedia(() => ({ ClipFragmentSelector: selector })),
  GetDASHStreamingSessionURL: onMedia(() => ({ PlaybackMode: "ON_DEMAND", DASHFragmentSelector: selector })),
  GetHLSStreamingSessionURL: onMedia(() => ({ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: selector })),
  GetImages: onMedia(() => ({ ...range, ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" })),
  GetMediaForFragmentList: onMedia((Fragments) => ({ Fragments })),
  ListFragments: onMedia(() => ({ FragmentSelector: selector })),
};
