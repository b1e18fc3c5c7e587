/**
 * All operations on streams with every error that the API declares for them: the exception's class and status as the
 * SDK client sees them. What of it cannot be provoked is in a table, and a test holds the rest to have been seen.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KinesisVideo, KinesisVideoServiceException } from "@aws-sdk/client-kinesis-video";
import * as sdk from "@aws-sdk/client-kinesis-video";
import { controlOperations } from "../../src/services/streams/service.ts";
import { account, keys, nobody, region, startStreams } from "./streams-server.ts";

const { ...exceptions } = sdk;

type Name = keyof typeof controlOperations;
type ErrorName = keyof typeof statuses | "ClientLimitExceededException" | "NotAuthorizedException";
type Case = [operation: Name, input: object, error: keyof typeof statuses, message: string | RegExp];

const arnOf = (name: string, createdAt: number | string = 1, { kind = "stream", of = account, at = region } = {}) =>
  `arn:aws:kinesisvideo:${at}:${of}:${kind}/${name}/${createdAt}`;
const image = {
  Status: "ENABLED",
  ImageSelectorType: "SERVER_TIMESTAMP",
  DestinationConfig: { Uri: "s3://bucket/prefix", DestinationRegion: region },
  SamplingInterval: 1000,
  Format: "PNG",
};
const notification = { Status: "ENABLED", DestinationConfig: { Uri: `arn:aws:sns:${region}:${account}:topic` } };

/** A call of each operation that is right but for the stream. */
const inputs: Record<Name, object> = {
  CreateStream: {},
  DeleteStream: { CurrentVersion: "wrong" },
  DescribeImageGenerationConfiguration: {},
  DescribeMappedResourceConfiguration: {},
  DescribeNotificationConfiguration: {},
  DescribeStream: {},
  DescribeStreamStorageConfiguration: {},
  GetDataEndpoint: { APIName: "PUT_MEDIA" },
  ListStreams: {},
  ListTagsForResource: {},
  ListTagsForStream: {},
  TagResource: { Tags: [{ Key: "a", Value: "b" }] },
  TagStream: { Tags: { a: "b" } },
  UntagResource: { TagKeyList: ["a"] },
  UntagStream: { TagKeyList: ["a"] },
  UpdateDataRetention: {
    CurrentVersion: "wrong",
    Operation: "INCREASE_DATA_RETENTION",
    DataRetentionChangeInHours: 1,
  },
  UpdateImageGenerationConfiguration: { ImageGenerationConfiguration: image },
  UpdateNotificationConfiguration: { NotificationConfiguration: notification },
  UpdateStream: { CurrentVersion: "wrong", DeviceName: "d" },
  UpdateStreamStorageConfiguration: {
    CurrentVersion: "wrong",
    StreamStorageConfiguration: { DefaultStorageTier: "WARM" },
  },
};
const every = Object.keys(inputs) as Name[];
const byResource = every.filter((name) => name.endsWith("Resource"));
const byNameOrArn = every.filter(
  (name) => !byResource.includes(name) && !["CreateStream", "ListStreams", "DeleteStream"].includes(name),
);
const onTags: Name[] = ["ListTagsForStream", "TagStream", "UntagStream"];
const versioned: Name[] = ["DeleteStream", "UpdateDataRetention", "UpdateStream", "UpdateStreamStorageConfiguration"];
/** The SDK's own schemas do not tell: API reference, the operations' pages. */
const deniedAs: Partial<Record<Name, ErrorName>> = Object.fromEntries(
  every
    .filter((name) => !["CreateStream", "ListStreams"].includes(name))
    .map((name) => [
      name,
      /Resource|StorageConfiguration|(Notification|Image\w+)Configuration/.test(name)
        ? "AccessDeniedException"
        : "NotAuthorizedException",
    ]),
);

const violated = (value: string, path: string, rule: string) =>
  `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`;
const satisfy = "satisfy regular expression pattern: ";
const version = { StreamName: "s", CurrentVersion: "wrong" };

const invalid: Case[] = [
  [
    "CreateStream",
    { StreamName: "a b" },
    "InvalidArgumentException",
    violated("'a b'", "streamName", `${satisfy}[a-zA-Z0-9_.-]+`),
  ],
  ["CreateStream", { StreamName: "" }, "InvalidArgumentException", /greater than or equal to 1/],
  [
    "CreateStream",
    { StreamName: "a".repeat(257) },
    "InvalidArgumentException",
    violated(`'${"a".repeat(257)}'`, "streamName", "have length less than or equal to 256"),
  ],
  ["CreateStream", { StreamName: "a", DeviceName: "é" }, "InvalidArgumentException", /at 'deviceName'/],
  ["CreateStream", { StreamName: "a", MediaType: "video/h264," }, "InvalidArgumentException", /at 'mediaType'/],
  ["CreateStream", { StreamName: "a", MediaType: "video" }, "InvalidArgumentException", /at 'mediaType'/],
  ["CreateStream", { StreamName: "a", KmsKeyId: "" }, "InvalidArgumentException", /at 'kmsKeyId'/],
  [
    "CreateStream",
    { StreamName: "a", DataRetentionInHours: -1 },
    "InvalidArgumentException",
    violated("'-1'", "dataRetentionInHours", "have value greater than or equal to 0"),
  ],
  ["CreateStream", { StreamName: "a", DataRetentionInHours: 87_601 }, "InvalidArgumentException", /equal to 87600$/],
  ["CreateStream", { StreamName: "a", DataRetentionInHours: 1.5 }, "InvalidArgumentException", /be a whole number$/],
  [
    "CreateStream",
    { StreamName: "a", StreamStorageConfiguration: { DefaultStorageTier: "COLD" } },
    "InvalidArgumentException",
    violated("'COLD'", "streamStorageConfiguration.defaultStorageTier", "satisfy enum value set: [HOT, WARM]"),
  ],
  [
    "CreateStream",
    { StreamName: "a", StreamStorageConfiguration: {} },
    "InvalidArgumentException",
    violated("null", "streamStorageConfiguration.defaultStorageTier", "not be null"),
  ],
  ["CreateStream", { StreamName: "a", Tags: { "": "b" } }, "InvalidArgumentException", /at 'tags\.\.key'/],
  ["CreateStream", { StreamName: "a", Tags: { "a!": "b" } }, "InvalidArgumentException", /at 'tags\.a!\.key'/],
  ["CreateStream", { StreamName: "a", Tags: { a: "b".repeat(257) } }, "InvalidArgumentException", /at 'tags\.a/],
  ["CreateStream", { StreamName: "a", Tags: { "AWS:a": "b" } }, "InvalidArgumentException", /reserved: AWS:a$/],
  ["DeleteStream", { StreamARN: "s" }, "InvalidArgumentException", /at 'streamARN'/],
  ["DeleteStream", {}, "InvalidArgumentException", violated("null", "streamARN", "not be null")],
  ["DeleteStream", { StreamARN: arnOf("s"), CurrentVersion: "-" }, "InvalidArgumentException", /at 'currentVersion'/],
  ["ListStreams", { MaxResults: 0 }, "InvalidArgumentException", /at 'maxResults'/],
  ["ListStreams", { MaxResults: 10_001 }, "InvalidArgumentException", /at 'maxResults'/],
  ["ListStreams", { NextToken: "?" }, "InvalidArgumentException", /at 'nextToken'/],
  [
    "ListStreams",
    { NextToken: "AAAA" },
    "InvalidArgumentException",
    /^NextToken is not one that ListStreams has given/,
  ],
  [
    "ListStreams",
    { StreamNameCondition: { ComparisonOperator: "ENDS_WITH", ComparisonValue: "s" } },
    "InvalidArgumentException",
    /at 'streamNameCondition\.comparisonOperator'/,
  ],
  ["GetDataEndpoint", { StreamName: "s", APIName: "PUT" }, "InvalidArgumentException", /at 'aPIName'.*GET_IMAGES\]$/],
  ["GetDataEndpoint", { StreamName: "s" }, "InvalidArgumentException", /at 'aPIName'.*not be null$/],
  ["TagStream", { StreamName: "s", Tags: {} }, "InvalidArgumentException", /at 'tags'/],
  ["TagStream", { StreamName: "s", Tags: { "aws:a": "" } }, "InvalidArgumentException", /reserved: aws:a$/],
  ["UntagStream", { StreamName: "s", TagKeyList: [] }, "InvalidArgumentException", /at 'tagKeyList'/],
  ["UntagStream", { StreamName: "s", TagKeyList: Array(51).fill("a") }, "InvalidArgumentException", /equal to 50$/],
  ["ListTagsForStream", { StreamName: "s", NextToken: "AAAA" }, "InvalidArgumentException", /^NextToken is not one/],
  ["ListTagsForResource", { ResourceARN: "s" }, "InvalidArgumentException", /at 'resourceARN'/],
  ["TagResource", { ResourceARN: arnOf("s"), Tags: [] }, "InvalidArgumentException", /at 'tags'/],
  [
    "TagResource",
    { ResourceARN: arnOf("s"), Tags: [{ Key: "a" }] },
    "InvalidArgumentException",
    /'tags\.1\.member\.value'/,
  ],
  [
    "UntagResource",
    { ResourceARN: arnOf("s"), TagKeyList: [""] },
    "InvalidArgumentException",
    /'tagKeyList\.1\.member'/,
  ],
  ["UpdateStream", { StreamName: "s" }, "InvalidArgumentException", violated("null", "currentVersion", "not be null")],
  [
    "UpdateDataRetention",
    { ...version, Operation: "RESET", DataRetentionChangeInHours: 1 },
    "InvalidArgumentException",
    violated("'RESET'", "operation", "satisfy enum value set: [INCREASE_DATA_RETENTION, DECREASE_DATA_RETENTION]"),
  ],
  [
    "UpdateDataRetention",
    { ...version, Operation: "INCREASE_DATA_RETENTION", DataRetentionChangeInHours: 0 },
    "InvalidArgumentException",
    violated("'0'", "dataRetentionChangeInHours", "have value greater than or equal to 1"),
  ],
  [
    "DescribeMappedResourceConfiguration",
    { StreamName: "s", MaxResults: 2 },
    "InvalidArgumentException",
    /equal to 1$/,
  ],
  [
    "UpdateNotificationConfiguration",
    { StreamName: "s", NotificationConfiguration: { ...notification, DestinationConfig: { Uri: "sns" } } },
    "InvalidArgumentException",
    /at 'notificationConfiguration\.destinationConfig\.uri'/,
  ],
  [
    "UpdateNotificationConfiguration",
    { StreamName: "s", NotificationConfiguration: { Status: "ENABLED" } },
    "InvalidArgumentException",
    violated("null", "notificationConfiguration.destinationConfig", "not be null"),
  ],
  ...[
    { SamplingInterval: 199 },
    { SamplingInterval: 200.5 },
    { Format: "GIF" },
    { WidthPixels: 3841 },
    { HeightPixels: 0 },
    { FormatConfig: { PNGQuality: "1" } },
    { FormatConfig: { JPEGQuality: "101" } },
    { FormatConfig: { JPEGQuality: "0" } },
    { DestinationConfig: { Uri: "s3://bucket", DestinationRegion: "eu-west-1" } },
    { ImageSelectorType: "TIMESTAMP" },
    { Status: "ON" },
  ].map(
    (wrong): Case => [
      "UpdateImageGenerationConfiguration",
      { StreamName: "s", ImageGenerationConfiguration: { ...image, ...wrong } },
      "InvalidArgumentException",
      /Configuration|JPEGQuality|DestinationRegion/,
    ],
  ),
  ...byNameOrArn.flatMap((name): Case[] => [
    [name, inputs[name], "InvalidArgumentException", "Either StreamName or StreamARN must be given."],
    [
      name,
      { ...inputs[name], StreamName: "s", StreamARN: arnOf("other") },
      "InvalidArgumentException",
      `StreamName s is not the stream of StreamARN ${arnOf("other")}.`,
    ],
  ]),
  ...byNameOrArn
    .filter((name) => !onTags.includes(name))
    .map((name): Case => [name, { ...inputs[name], StreamARN: "s" }, "InvalidArgumentException", /at 'streamARN'/]),
  ...onTags.flatMap((name) =>
    ["s", `arn:aws:s3:::${"x".repeat(2000)}`, arnOf("s", "x")].map(
      (StreamARN): Case => [
        name,
        { ...inputs[name], StreamARN },
        "InvalidResourceFormatException",
        `The format of the ARN is invalid: ${StreamARN.slice(0, 1024)}`,
      ],
    ),
  ),
];

const lost = (what: string) => `The requested stream is not found or not active: ${what}`;
const elsewhere = [
  arnOf("s", 1),
  arnOf("s", "9".repeat(400)),
  arnOf("s", 1, { kind: "channel" }),
  arnOf("s", 1, { of: "999999999999" }),
  arnOf("s", 1, { at: "eu-west-1" }),
];
const missing: Case[] = [
  ...byNameOrArn.map(
    (name): Case => [name, { ...inputs[name], StreamName: "none" }, "ResourceNotFoundException", lost("none")],
  ),
  ...[...byNameOrArn, "DeleteStream" as const].flatMap((name) =>
    elsewhere.map(
      (StreamARN): Case => [name, { ...inputs[name], StreamARN }, "ResourceNotFoundException", lost(StreamARN)],
    ),
  ),
  ...byResource.map(
    (name): Case => [
      name,
      { ...inputs[name], ResourceARN: arnOf("none") },
      "ResourceNotFoundException",
      lost(arnOf("none")),
    ],
  ),
];

const declared: [error: ErrorName, by: readonly Name[]][] = [
  ["InvalidArgumentException", every],
  ["ClientLimitExceededException", every],
  ["ResourceNotFoundException", every.filter((name) => !["CreateStream", "ListStreams"].includes(name))],
  ["NotAuthorizedException", every.filter((name) => deniedAs[name] === "NotAuthorizedException")],
  ["AccessDeniedException", every.filter((name) => deniedAs[name] === "AccessDeniedException")],
  [
    "ResourceInUseException",
    ["CreateStream", ...versioned, "UpdateImageGenerationConfiguration", "UpdateNotificationConfiguration"],
  ],
  ["VersionMismatchException", versioned],
  ["InvalidResourceFormatException", onTags],
  ["TagsPerResourceExceededLimitException", ["CreateStream", "TagStream", "TagResource"]],
  ["AccountStreamLimitExceededException", ["CreateStream"]],
  ["DeviceStreamLimitExceededException", ["CreateStream"]],
  ["InvalidDeviceException", ["CreateStream"]],
  ["NoDataRetentionException", ["UpdateImageGenerationConfiguration", "UpdateNotificationConfiguration"]],
];

const alwaysActive = "streams are ACTIVE from creation to deletion, and changes take turns";
/** Why nobody meets what is declared. `*`: by any operation. */
const neverSeen: Record<string, string> = {
  "ClientLimitExceededException *": "calls per second are not limited",
  "NotAuthorizedException *":
    "a policy's refusal comes from the front door as AccessDeniedException, for all operations",
  "DeviceStreamLimitExceededException *": "AWS documents it as not implemented",
  "InvalidDeviceException *": "AWS documents it as not implemented",
  ...Object.fromEntries(
    [...versioned, "UpdateImageGenerationConfiguration", "UpdateNotificationConfiguration"].map((name) => [
      `ResourceInUseException ${name}`,
      alwaysActive,
    ]),
  ),
};

/** As `error operation`. */
const seen = new Set<string>();

test("errors", async (t) => {
  const { client, clientOf } = await startStreams(t, { limits: { streams: 2 } });
  const { StreamARN } = await client.createStream({ StreamName: "s" });

  for (const [operation, input, error, message] of [...invalid, ...missing]) {
    await t.test(`${operation}: ${error}: ${message}`.slice(0, 120), () =>
      fails(client, operation, input, error, message),
    );
  }

  await t.test("every operation is denied to whom no policy allows it, naming action and resource", async () => {
    const stranger = clientOf({ credentials: nobody });
    for (const name of every) {
      const reference = byResource.includes(name)
        ? { ResourceARN: StreamARN }
        : name === "ListStreams"
          ? {}
          : name === "DeleteStream"
            ? { StreamARN }
            : { StreamName: "s" };
      const resources = { ListStreams: "*", CreateStream: `arn:aws:kinesisvideo:${region}:${account}:stream/s/*` };
      const resource = name === "ListStreams" || name === "CreateStream" ? resources[name] : StreamARN;
      const message =
        `User: arn:aws:iam::${account}:user/nobody is not authorized to perform: kinesisvideo:${name} ` +
        `on resource: ${resource} because no identity-based policy allows the kinesisvideo:${name} action`;
      await fails(stranger, name, { ...inputs[name], ...reference }, "AccessDeniedException", message);
    }
  });

  await t.test("every operation refuses a wrong secret", async () => {
    const stranger = clientOf({ credentials: { ...keys, secretAccessKey: "wrong" } });
    for (const name of every) {
      const input = { ...inputs[name], StreamName: "s", StreamARN, ResourceARN: StreamARN };
      await assert.rejects(run(stranger, name, input), (error: KinesisVideoServiceException) => {
        assert.deepEqual([error.name, error.$metadata.httpStatusCode], ["InvalidSignatureException", 403], name);
        return true;
      });
    }
  });

  await t.test("names, versions, retention and limits", async () => {
    await fails(client, "CreateStream", { StreamName: "s" }, "ResourceInUseException", "The stream s already exists.");
    for (const name of versioned) {
      await fails(
        client,
        name,
        { ...inputs[name], StreamARN },
        "VersionMismatchException",
        /^The version of the stream s/,
      );
    }
    for (const name of ["UpdateImageGenerationConfiguration", "UpdateNotificationConfiguration"] as const) {
      const message = "The stream s keeps no data: its retention is 0 hours.";
      await fails(client, name, { ...inputs[name], StreamName: "s" }, "NoDataRetentionException", message);
    }
    const CurrentVersion = (await client.describeStream({ StreamARN })).StreamInfo!.Version!;
    for (const [Operation, DataRetentionChangeInHours, hours] of [
      ["DECREASE_DATA_RETENTION", 1, -1],
      ["INCREASE_DATA_RETENTION", 87_601, 87_601],
    ] as const) {
      const change = { StreamARN, CurrentVersion, Operation, DataRetentionChangeInHours };
      const message = `The retention would be ${hours} hours. It must be from 0 to 87600.`;
      await fails(client, "UpdateDataRetention", change, "InvalidArgumentException", message);
    }
    assert.equal((await client.describeStream({ StreamARN })).StreamInfo!.Version, CurrentVersion, "as it was");

    const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
    const tooMany = "A resource may have at most 50 tags.";
    const error = "TagsPerResourceExceededLimitException";
    await fails(client, "CreateStream", { StreamName: "t", Tags: tags(51) }, error, tooMany);
    await client.tagStream({ StreamARN, Tags: tags(50) });
    await client.tagStream({ StreamARN, Tags: { k1: "again" } });
    await fails(client, "TagStream", { StreamARN, Tags: { more: "" } }, error, tooMany);
    const Tags = [{ Key: "more", Value: "" }];
    await fails(client, "TagResource", { ResourceARN: StreamARN, Tags }, error, tooMany);

    await client.createStream({ StreamName: "t" });
    const full = "The account already has the maximum number of streams allowed in this region: 2.";
    await fails(client, "CreateStream", { StreamName: "u" }, "AccountStreamLimitExceededException", full);
    await fails(client, "CreateStream", { StreamName: "t" }, "ResourceInUseException", "The stream t already exists.");
    await client.deleteStream({ StreamARN: StreamARN! });
    await client.createStream({ StreamName: "u" });
  });

  await t.test("every declared error of every operation was seen, or is known not to occur", () => {
    const missed = declared.flatMap(([error, by]) =>
      by
        .filter((operation) => !seen.has(`${error} ${operation}`))
        .filter((operation) => !(`${error} *` in neverSeen) && !(`${error} ${operation}` in neverSeen))
        .map((operation) => `${error} ${operation}`),
    );
    assert.deepEqual(missed, []);
    assert.deepEqual(
      Object.keys(neverSeen).filter((name) => seen.has(name)),
      [],
    );
    assert.deepEqual(every.toSorted(), Object.keys(controlOperations).toSorted());
  });
});

const statuses = {
  InvalidArgumentException: 400,
  AccessDeniedException: 401,
  ResourceNotFoundException: 404,
  ResourceInUseException: 400,
  VersionMismatchException: 400,
  InvalidResourceFormatException: 400,
  TagsPerResourceExceededLimitException: 400,
  AccountStreamLimitExceededException: 400,
  DeviceStreamLimitExceededException: 400,
  InvalidDeviceException: 400,
  NoDataRetentionException: 400,
} as const;

async function fails(
  client: KinesisVideo,
  operation: Name,
  input: object,
  kind: keyof typeof statuses,
  message: string | RegExp,
): Promise<void> {
  await assert.rejects(run(client, operation, input), (error: KinesisVideoServiceException) => {
    assert.ok(error instanceof exceptions[kind], `${operation}: ${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, statuses[kind]);
    if (typeof message === "string") assert.equal(error.message, message, operation);
    else assert.match(error.message, message, operation);
    seen.add(`${kind} ${operation}`);
    return true;
  });
}

function run(client: KinesisVideo, operation: Name, input: object): Promise<unknown> {
  const method = `${operation[0]!.toLowerCase()}${operation.slice(1)}` as "describeStream";
  return client[method](input);
}
