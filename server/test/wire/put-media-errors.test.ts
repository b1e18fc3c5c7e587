/**
 * What is wrong with a producer's media is told by the error of its cause, after what became of the fragments before it; what
 * is wrong with its request, by a status.
 */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildCluster, buildClusterStart, buildSimpleBlockStart } from "@millrace/media/matroska/writer";
import { emptyBodyHash } from "../../src/edge/auth/canonical.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import type { Acknowledgement } from "../../src/engine/ingest/acknowledgement.ts";
import { audio, block, cluster, endOfFragment, header, tags, video } from "../support/sent-media.ts";
import { endsWith, getMedia, is, parse, persisted, put, textOf } from "./media-wire.ts";
import { account, keys, nobody, region, type StreamsServer, startStreams } from "./streams-server.ts";

const tooLate = Date.now() + 48 * 3_600_000;
const mebibyte = 1 << 20;
const manyTags = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`tag-${at}`, "x"]));
const third = { ...audio, number: 3 };
/** Headers that say so, without the bytes. */
const hugeBlock = buildSimpleBlockStart({ track: 1, relativeTimestamp: 40, keyframe: false, sizeBytes: 51 * mebibyte });
const hugeCluster = Buffer.from("1f43b675 083300000000".replaceAll(" ", ""), "hex");
const voidOf = (sizeBytes: number) =>
  Buffer.concat([Buffer.from([0xec, 0x10 | (sizeBytes >> 24)]), sizeOf(sizeBytes), Buffer.alloc(sizeBytes)]);

function sizeOf(sizeBytes: number): Buffer {
  const coded = Buffer.alloc(3);
  coded.writeUIntBE(sizeBytes & 0xffffff, 0, 3);
  return coded;
}

/** What follows a header and a fragment at 1000, and what is told of it. */
const causes: [what: string, error: string, code: string, ...bytes: Uint8Array[]][] = [
  ["a frame of 51 MiB", "4001 2000", "MAX_FRAGMENT_SIZE_REACHED", cluster(2000), hugeBlock],
  ["a cluster of 51 MiB", "4001", "MAX_FRAGMENT_SIZE_REACHED", hugeCluster],
  ["a frame after 20 s", "4002 2000", "MAX_FRAGMENT_DURATION_REACHED", cluster(2000), block(1, 20_001)],
  ["an earlier timecode", "4004 999", "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", cluster(999)],
  ["the same timecode", "4004 1000", "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS", cluster(1000)],
  ["no Matroska", "4006", "INVALID_MKV_DATA", endOfFragment, Buffer.from("\0RIFF")],
  ["no Matroska in a fragment", "4006 2000", "INVALID_MKV_DATA", cluster(2000), Buffer.from("\0\0\0\0\0")],
  ["tracks again", "4006", "INVALID_MKV_DATA", header().subarray(header().indexOf("1654ae6b", "hex"))],
  ["a second Segment", "4006", "INVALID_MKV_DATA", Buffer.from("18538067ff", "hex")],
  ["another timescale", "4006", "INVALID_MKV_DATA", infoOf(500_000)],
  ["5 MiB between fragments", "4006", "INVALID_MKV_DATA", endOfFragment, voidOf(5 * mebibyte)],
  ["a time of the day after tomorrow", `4007 ${tooLate}`, "INVALID_PRODUCER_TIMESTAMP", cluster(tooLate)],
  ["11 tags", "4009", "FRAGMENT_METADATA_LIMIT_REACHED", tags(manyTags), cluster(2000)],
  ["11 tags in two elements", "4009", "FRAGMENT_METADATA_LIMIT_REACHED", tags({ one: "" }), tags(tenTags(10))],
  ["a name of 129 bytes", "4009", "FRAGMENT_METADATA_LIMIT_REACHED", tags({ [`${"é".repeat(64)}x`]: "" })],
  ["a value of 257 bytes", "4009", "FRAGMENT_METADATA_LIMIT_REACHED", tags({ name: "x".repeat(257) })],
  ["41 tags of the service", "4009", "FRAGMENT_METADATA_LIMIT_REACHED", tags(tenTags(41, "AWS"))],
  ["a track that is not declared", "4010 2000", "TRACK_NUMBER_MISMATCH", cluster(2000), block(3, 40)],
  ["no frame of a track", "4011 2000", "FRAMES_MISSING_FOR_TRACK", buildClusterStart(2000), endOfFragment],
  ["four tracks", "4012", "MORE_THAN_ALLOWED_TRACKS_FOUND", header([video, audio, third, { ...third, number: 4 }])],
  ["a track twice", "4006", "INVALID_MKV_DATA", header([video, video])],
];

test("each cause is told by its error, and the fragments before it are kept", { concurrency: 4 }, async (t) => {
  const server = await startStreams(t);
  await Promise.all(
    causes.map(([what, error, code, ...bytes], at) =>
      t.test(`${what}: ${error} ${code}`, async (t) => {
        const stream = `errors-${at}`;
        await server.client.createStream({ StreamName: stream, DataRetentionInHours: 1 });
        const connection = put(server, stream);
        await connection.write(Buffer.concat([header(), cluster(1000), ...bytes]));
        // The body stays open: it is the server that ends the connection.
        const told = await connection.all();
        await checkError(t, server, stream, told, error, code);
        connection.destroy();
      }),
    ),
  );
});

async function checkError(
  t: TestContext,
  server: StreamsServer,
  stream: string,
  told: readonly Acknowledgement[],
  error: string,
  code: string,
): Promise<void> {
  const texts = told.map(textOf);
  const rises = error.includes("2000") ? ["BUFFERING 2000"] : [];
  assert.deepEqual(texts.slice(0, -1).sort(), ["BUFFERING 1000", ...rises, "PERSISTED 1000", "RECEIVED 1000"]);
  assert.equal(texts.at(-1), `ERROR ${error}`);
  assert.equal((told.at(-1) as { ErrorCode?: string }).ErrorCode, code);
  const [number] = persisted(told);
  const bytes = await getMedia(t, server, stream, { StartSelectorType: "EARLIEST" }, endsWith(number!));
  assert.deepEqual(parse(bytes).clusters, [1000]);
}

test("tags up to the limits are taken", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const connection = put(server, "s");
  const most = { ...tenTags(8), ["n".repeat(128)]: "v".repeat(256), last: "é".repeat(128) };
  const ours = tags(tenTags(30, "AWS"));
  await connection.write(Buffer.concat([header(), tags(most), ours, cluster(1000), tags(tenTags(10)), cluster(2000)]));
  connection.end();
  const told = await connection.all();
  assert.ok(told.some(is("PERSISTED 2000")), told.map(textOf).join());
  assert.ok(!told.some(({ EventType }) => EventType === "ERROR"));
});

test("a fragment that begins after 45 minutes is one too many: 4003", async (t) => {
  let ahead = 0;
  const server = await startStreams(t, { clock: () => Date.now() + ahead });
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const connection = put(server, "s");
  await connection.write(Buffer.concat([header(), cluster(1000)]));
  await connection.find(is("BUFFERING 1000"));
  ahead = 45 * 60_000 + 2000;
  await connection.write(cluster(2000));
  const told = await connection.all();
  connection.destroy();
  assert.equal(textOf(told.at(-1)!), "ERROR 4003 2000");
  assert.ok(told.some(is("PERSISTED 1000")));
});

test("a stream that is deleted meanwhile: 4008", async (t) => {
  const server = await startStreams(t);
  const { StreamARN } = await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const connection = put(server, "s");
  await connection.write(Buffer.concat([header(), cluster(1000), cluster(2000)]));
  await connection.find(is("PERSISTED 1000"));
  await server.client.deleteStream({ StreamARN });
  const told = await connection.all();
  connection.destroy();
  assert.match(textOf(told.at(-1)!), /^ERROR 4008/);
});

test("what cannot be stored: 5001, also when the body has ended", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const folder = join(server.folder, "blobs");
  await rm(folder, { recursive: true });
  await writeFile(folder, "no folder");
  const connection = put(server, "s");
  await connection.write(Buffer.concat([header(), cluster(1000)]));
  connection.end();
  const told = await connection.all();
  assert.deepEqual(told.map(textOf), ["BUFFERING 1000", "RECEIVED 1000", "ERROR 5001 1000"]);
});

test("bodies that end too soon", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const whole = Buffer.concat([header(), cluster(1000), cluster(2000)]);
  for (const [what, body, expected] of [
    ["nothing", Buffer.alloc(0), "ERROR 4006"],
    ["a header", header(), "ERROR 4006"],
    ["a cut frame", whole.subarray(0, -1), "ERROR 4006 2000"],
    ["a cut header", header().subarray(0, -1), "ERROR 4006"],
  ] as const) {
    const connection = put(server, "s");
    if (0 < body.length) await connection.write(body);
    connection.end();
    const told = await connection.all();
    assert.equal(textOf(told.at(-1)!), expected, what);
    assert.equal(connection.failure, undefined, what);
  }
});

test("a request that is not good is answered by a status, before a byte of its body is wanted", async (t) => {
  const server = await startStreams(t);
  const { StreamARN } = await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const name = { "x-amzn-stream-name": "s" };
  const absolute = { "x-amzn-fragment-timecode-type": "ABSOLUTE" };
  const good = { ...name, ...absolute };
  const lost = StreamARN!.replace("stream/s", "stream/lost");
  const elsewhere = StreamARN!.replace(account, "999999999999");
  const cases: [string, Record<string, string>, number, string, typeof keys?][] = [
    ["no stream", absolute, 400, "InvalidArgumentException"],
    ["name and ARN", { ...good, "x-amzn-stream-arn": StreamARN! }, 400, "InvalidArgumentException"],
    ["no type of timecodes", name, 400, "InvalidArgumentException"],
    ["another type", { ...name, "x-amzn-fragment-timecode-type": "absolute" }, 400, "InvalidArgumentException"],
    ["RELATIVE to nothing", { ...name, "x-amzn-fragment-timecode-type": "RELATIVE" }, 400, "InvalidArgumentException"],
    ["no time", { ...good, "x-amzn-producer-start-timestamp": "soon" }, 400, "InvalidArgumentException"],
    ["no such answer", { ...good, "x-amzn-fragment-acknowledgment-required": "2" }, 400, "InvalidArgumentException"],
    ["no ARN", { ...absolute, "x-amzn-stream-arn": "arn:of:nothing" }, 400, "InvalidArgumentException"],
    ["an unknown name", { ...good, "x-amzn-stream-name": "lost" }, 404, "ResourceNotFoundException"],
    ["an unknown ARN", { ...absolute, "x-amzn-stream-arn": lost }, 404, "ResourceNotFoundException"],
    ["another account", { ...absolute, "x-amzn-stream-arn": elsewhere }, 404, "ResourceNotFoundException"],
    ["a wrong secret", good, 403, "InvalidSignatureException", { ...keys, secretAccessKey: "wrong" }],
    ["nobody's key", good, 403, "UnrecognizedClientException", { ...keys, accessKeyId: "AKIANOBODYKNOWSTHIS0" }],
    ["somebody who may not", good, 401, "AccessDeniedException", nobody],
  ];
  for (const [what, headers, status, error, credentials = keys] of cases) {
    const url = `${server.url}/putMedia`;
    const signed = signRequest({
      method: "POST",
      url,
      headers,
      payloadHash: emptyBodyHash,
      sendPayloadHash: false,
      credentials,
      service: "kinesisvideo",
      region,
      clock: Date.now,
    });
    const answer = await fetch(url, { method: "POST", headers: signed });
    const text = await answer.text();
    assert.deepEqual([answer.status, answer.headers.get("x-amzn-errortype")], [status, error], `${what}: ${text}`);
  }
  const byArn = {
    method: "POST",
    url: `${server.url}/putMedia`,
    headers: { ...absolute, "x-amzn-stream-arn": StreamARN! },
  };
  const signed = signRequest({
    ...byArn,
    payloadHash: emptyBodyHash,
    sendPayloadHash: false,
    credentials: keys,
    service: "kinesisvideo",
    region,
    clock: Date.now,
  });
  const body = Buffer.concat([
    header(),
    Buffer.from(buildCluster(1000, [{ track: 1, timestamp: 1000, keyframe: true, data: Buffer.from("frame") }])),
  ]);
  const taken = await fetch(byArn.url, { method: "POST", headers: signed, body });
  assert.match(await taken.text(), /"EventType":"PERSISTED"/);
});

function tenTags(count: number, prefix = "tag"): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}-${at}`, "x"]));
}

function infoOf(timestampScale: number): Buffer {
  const whole = header([video], { timestampScale });
  return whole.subarray(whole.indexOf("1549a966", "hex"), whole.indexOf("1654ae6b", "hex"));
}
