/**
 * PutMedia byte for byte: the request heads of real producers, signed as they sign them, and the framing that their parsers
 * count on.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { buildCanonicalRequest, buildStringToSign, emptyBodyHash } from "../../src/edge/auth/canonical.ts";
import { signatureOf, signingKey } from "../../src/edge/auth/signing-key.ts";
import { timestampOf } from "../../src/edge/auth/timestamp.ts";
import { cluster, endOfFragment, header } from "../support/sent-media.ts";
import { keys, recorded, region, type StreamsServer, startStreams } from "./streams-server.ts";

const kvssink = new URL("../../../../shared/media/kvs/kvssink/", import.meta.url);
const skip = existsSync(kvssink) ? false : "no ../shared/media/kvs/kvssink";

for (const [file, recordedAt, stream] of [
  ["h264-http-1", Date.UTC(2026, 10, 22, 7, 40, 56), "cam1"],
  ["av-http-1", Date.UTC(2026, 10, 22, 7, 41, 3), "cam-av"],
] as const) {
  test(`${file}: the recorded head and body of kvssink, with their own signature`, { skip }, async (t) => {
    const server = await startStreams(t, { clock: () => recordedAt });
    const StreamName = stream;
    await server.clientOf({ credentials: recorded, systemClockOffset: recordedAt - Date.now() }).createStream({
      StreamName,
      DataRetentionInHours: 2,
    });
    const head = readFileSync(new URL(`${file}.headers.txt`, kvssink), "utf8").split("\n\n")[0]!;
    const wire = open(t, server);
    wire.socket.write(`${head.trimEnd().replaceAll("\n", "\r\n")}\r\n\r\n`);
    await wire.until(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n/);
    const body = readFileSync(new URL(`${file}.mkv`, kvssink));
    for (let at = 0; at < body.length; at += 1400) wire.socket.write(chunk(body.subarray(at, at + 1400)));
    // It holds its last chunk back until its last fragment is PERSISTED.
    const clusters = body.toString("latin1").split("\x1f\x43\xb6\x75").length - 1;
    await wire.until(new RegExp(`(PERSISTED[\\s\\S]*){${clusters}}`));
    wire.socket.write("0\r\n\r\n");
    await wire.until(/\r\n0\r\n\r\n$/);
    checkFraming(wire.text, 3 * clusters);
  });
}

type Head = { line: string; signed: Record<string, string>; unsigned?: Record<string, string>; payload: string };

const common = { "x-amzn-stream-name": "s", "x-amzn-fragment-timecode-type": "RELATIVE" };
const agent = { "user-agent": "AWS-SDK-KVS-CPP-CLIENT/3.6.0  with two blanks" };
const framing = { connection: "keep-alive", "transfer-encoding": "chunked" };
const streaming = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

const heads: Record<string, Head> = {
  "the C producer": {
    line: "POST /putMedia HTTP/1.1",
    signed: { host: "127.0.0.1", ...framing, ...agent, ...common, "x-amzn-producer-start-timestamp": "1600000000.56" },
    unsigned: { "content-type": "application/json", expect: "100-continue" },
    payload: emptyBodyHash,
  },
  "the C producer behind an endpoint that ends in a slash": {
    line: "POST //putMedia HTTP/1.1",
    signed: { host: "127.0.0.1", ...framing, ...common, "x-amzn-producer-start-timestamp": "1600000000.5" },
    payload: emptyBodyHash,
  },
  "the Java producer": {
    line: "POST /putMedia HTTP/1.1",
    signed: { host: "127.0.0.1", ...common, "x-amzn-producer-start-timestamp": "1600000000.560" },
    unsigned: { ...framing, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    payload: "UNSIGNED-PAYLOAD",
  },
  "the Java producer that does not say what it signs": {
    line: "POST /putMedia HTTP/1.1",
    signed: { host: "127.0.0.1", ...common, "x-amzn-producer-start-timestamp": "1600000000.560" },
    unsigned: framing,
    payload: "UNSIGNED-PAYLOAD",
  },
  "the SDK for Java 1": {
    line: "POST https://kinesis.example/putMedia HTTP/1.1",
    signed: {
      host: "kinesis.example",
      ...common,
      "x-amzn-producer-start-timestamp": "2020-09-13T12:26:40.560Z",
      "x-amz-content-sha256": streaming,
    },
    unsigned: { "transfer-encoding": "chunked" },
    payload: streaming,
  },
};

for (const [who, head] of Object.entries(heads)) {
  test(`${who} is answered at once, a chunk for each acknowledgement`, async (t) => {
    const server = await startStreams(t);
    await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
    const wire = open(t, server);
    wire.socket.write(build(head));
    const expects = head.unsigned?.expect !== undefined;
    await wire.until(/HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n/);
    assert.equal(wire.text.startsWith("HTTP/1.1 100 Continue\r\n\r\n"), expects, wire.text);
    assert.match(wire.text, /\r\ntransfer-encoding: chunked\r\n/i);
    assert.ok(!wire.text.includes("{"), "nothing that the Java producer's parser would take for an acknowledgement");

    // Each is told as soon as it is so, while the body stays open.
    wire.socket.write(chunk(Buffer.concat([header(), cluster(0)])));
    await wire.until(/\{"EventType":"BUFFERING","FragmentTimecode":0,"FragmentNumber":"\d{47}"\}\n\r\n$/);
    wire.socket.write(chunk(endOfFragment));
    await wire.until(/"PERSISTED","FragmentTimecode":0,[\s\S]*\n\r\n$/);
    wire.socket.write(chunk(cluster(2000)));
    await wire.until(/"BUFFERING","FragmentTimecode":2000,/);
    wire.socket.write("0\r\n\r\n");
    await wire.until(/\r\n0\r\n\r\n$/);
    checkFraming(wire.text, 6);
  });
}

test("a session token that is not signed is looked at when the signature is right", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s" });
  const head = heads["the C producer"]!;
  const withToken = { ...head, unsigned: { ...head.unsigned, "x-amz-security-token": "of nobody" } };
  for (const [request, error] of [
    [build(withToken), "UnrecognizedClientException"],
    [build(withToken).replace("RELATIVE", "ABSOLUTE"), "InvalidSignatureException"],
  ] as const) {
    const wire = open(t, server);
    wire.socket.write(request);
    await wire.until(/\r\n\r\n/);
    assert.match(wire.text, new RegExp(`^HTTP/1.1 403 .*x-amzn-errortype: ${error}`, "s"));
  }
});

test("an error is the last chunk before the end", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const wire = open(t, server);
  wire.socket.write(build(heads["the C producer"]!));
  wire.socket.write(chunk(Buffer.concat([header(), cluster(1000), cluster(1000)])));
  await wire.until(/"ErrorId":4004\}\n\r\n0\r\n\r\n$/);
  checkFraming(wire.text, 4);
  wire.socket.destroy();
});

test("chunks that are none end the connection, and the server lives", async (t) => {
  const server = await startStreams(t);
  await server.client.createStream({ StreamName: "s", DataRetentionInHours: 1 });
  const wire = open(t, server);
  wire.socket.write(build(heads["the C producer"]!));
  wire.socket.write(chunk(Buffer.concat([header(), cluster(1000)])));
  await wire.until(/BUFFERING/);
  wire.socket.write("no size\r\nno data");
  await wire.closed;
  assert.ok(!/RECEIVED|PERSISTED/.test(wire.text), "a fragment that broke off is not whole");
  const { StreamInfoList } = await server.client.listStreams({});
  assert.equal(StreamInfoList!.length, 1);
});

function build({ line, signed, unsigned = {}, payload }: Head): string {
  const timestamp = timestampOf(Date.now());
  const scope = { date: timestamp.slice(0, 8), region, service: "kinesisvideo" };
  const all = { ...signed, "x-amz-date": timestamp };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  const path = /^POST (?:https?:\/\/[^/]+)?(\S+)/.exec(line)![1]!;
  // Runs of blanks stay as they are, as the C producer signs them.
  const request = { method: "POST", path, query: "", headers: sorted, payloadHash: payload };
  const stringToSign = buildStringToSign(timestamp, scope, buildCanonicalRequest(request));
  const signature = signatureOf(signingKey(keys.secretAccessKey, scope), stringToSign);
  const names = sorted.map(([name]) => name).join(";");
  const credential = `${keys.accessKeyId}/${scope.date}/${region}/kinesisvideo/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  const lines = Object.entries({ ...all, authorization, ...unsigned }).map(([name, value]) => `${name}: ${value}`);
  return `${line}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

function chunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** Each chunk is a line, and each line a chunk, small enough for the producers' buffer. */
function checkFraming(text: string, lines: number): void {
  const body = text.slice(text.indexOf("HTTP/1.1 200")).split("\r\n\r\n").slice(1).join("\r\n\r\n");
  const chunks: string[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    const data = body.slice(lineEnd + 2, lineEnd + 2 + size);
    assert.equal(body.slice(lineEnd + 2 + size, lineEnd + 4 + size), "\r\n");
    at = lineEnd + 4 + size;
    if (size === 0) {
      assert.equal(at, body.length, "nothing follows the last chunk");
      break;
    }
    chunks.push(data);
  }
  for (const one of chunks) {
    assert.match(one, /^\{[^{}\n]*\}\n$/);
    assert.ok(one.length < 1024);
    for (const value of Object.values(JSON.parse(one))) assert.match(typeof value, /^(string|number)$/);
  }
  assert.equal(chunks.length, lines);
}

type Wire = { socket: Socket; readonly text: string; until(pattern: RegExp): Promise<void>; closed: Promise<void> };

function open(t: TestContext, { port }: StreamsServer): Wire {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  t.after(() => socket.destroy());
  let text = "";
  let changed = Promise.withResolvers<void>();
  let ended = false;
  const tell = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      ended = true;
      tell();
      resolve();
    });
  });
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    tell();
  });
  return {
    socket,
    closed,
    get text() {
      return text;
    },
    async until(pattern) {
      while (!pattern.test(text)) {
        if (ended) throw new Error(`the connection ended without ${pattern}:\n${text}`);
        await changed.promise;
      }
    },
  };
}
