/**
 * What the C and C++ producers say before they send media: recorded requests of kvssink, byte for byte, with their own
 * signatures; and the forms of address that they and proxies use.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { keys, region, startStreams } from "./streams-server.ts";

const recording = new URL("../../../../shared/media/kvs/kvssink/h264-http-control.txt", import.meta.url);
/** When it was recorded. */
const then = Date.UTC(2026, 10, 22, 7, 40, 56);

test("the recorded requests of kvssink make a stream and learn where to send its media", {
  skip: !existsSync(recording) && "no ../shared/media/kvs/kvssink",
}, async (t) => {
  const { port } = await startStreams(t, { clock: () => then });
  const [describe, create, endpoint] = requestsOf(readFileSync(recording, "utf8")) as [string, string, string];
  const lost = await sendRaw(port, describe);
  assert.match(lost.head, /^HTTP\/1\.1 404 /);
  assert.match(lost.head, /\r\nx-amzn-errortype: ResourceNotFoundException\r\n/i);
  const made = await sendRaw(port, create);
  const StreamARN = `arn:aws:kinesisvideo:us-west-2:123456789012:stream/cam1/${then}`;
  assert.deepEqual([made.status, JSON.parse(made.body)], [200, { StreamARN }]);
  const described = await sendRaw(port, describe);
  const { StreamInfo } = JSON.parse(described.body);
  assert.deepEqual(
    [StreamInfo.Status, StreamInfo.DataRetentionInHours, StreamInfo.StreamARN],
    ["ACTIVE", 2, StreamARN],
  );
  const answered = await sendRaw(port, endpoint);
  assert.deepEqual(JSON.parse(answered.body), { DataEndpoint: `http://127.0.0.1:${port}` });

  // Their parser takes a hundred tokens, no escapes and no nulls.
  for (const { body } of [made, described, answered]) {
    assert.ok(tokensOf(JSON.parse(body)) <= 100);
    assert.doesNotMatch(body, /\\|null/);
  }

  const spoilt = await sendRaw(port, create.replace('"cam1"', '"cam2"'));
  assert.equal(spoilt.status, 403);
});

for (const [form, line] of [
  ["two slashes", "POST //getDataEndpoint HTTP/1.1"],
  ["many slashes and one at the end", "POST ////getDataEndpoint/ HTTP/1.1"],
  ["the whole URL", "POST http://camera.example/getDataEndpoint HTTP/1.1"],
  ["the whole URL with two slashes", "POST http://camera.example//getDataEndpoint HTTP/1.1"],
] as const) {
  test(`${form} in the request line`, async (t) => {
    const { client, port } = await startStreams(t);
    await client.createStream({ StreamName: "s" });
    const path = line.split(" ")[1]!.replace("http://camera.example", "");
    const answer = await sendRaw(port, signedRaw(line, `http://camera.example${path}`));
    assert.deepEqual([answer.status, answer.body], [200, `{"DataEndpoint":"http://camera.example:${port}"}`]);
  });
}

for (const [host, expected] of [
  ["camera.example:8443", "http://camera.example:8443"],
  ["[::1]", "http://[::1]:PORT"],
  ["[::1]:80", "http://[::1]:80"],
  ["10.0.0.1", "http://10.0.0.1:PORT"],
] as const) {
  test(`the data endpoint for a caller of ${host} is ${expected}`, async (t) => {
    const { client, port } = await startStreams(t);
    await client.createStream({ StreamName: "s" });
    const raw = signedRaw("POST /getDataEndpoint HTTP/1.1", `http://${host}/getDataEndpoint`, host);
    const { status, body } = await sendRaw(port, raw);
    assert.deepEqual([status, body], [200, `{"DataEndpoint":"${expected.replace("PORT", `${port}`)}"}`]);
  });
}

test("a host that is none makes no endpoint", async (t) => {
  const { client, port } = await startStreams(t);
  await client.createStream({ StreamName: "s" });
  for (const host of ['a"b', "a/b", "a b", "user@host", "host:99999999", "ho%73t", "é"]) {
    const raw = signedRaw("POST /getDataEndpoint HTTP/1.1", "http://x/getDataEndpoint", host);
    const { status, head } = await sendRaw(port, raw);
    assert.equal(status, 400, host);
    assert.match(head, /InvalidArgumentException/, host);
  }
});

/** Signed for `host`, whatever the request line says. */
function signedRaw(line: string, url: string, host = new URL(url).host): string {
  const body = '{"StreamName":"s","APIName":"PUT_MEDIA"}';
  const headers = signRequest({
    method: "POST",
    url,
    headers: { host, "content-type": "application/json" },
    body,
    credentials: keys,
    service: "kinesisvideo",
    region,
    clock: Date.now,
  });
  const lines = Object.entries({ host, ...headers, "content-length": Buffer.byteLength(body), connection: "close" });
  return `${line}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

/** The control requests of a recording: head and body as they were sent. */
function requestsOf(text: string): string[] {
  const found = text.matchAll(/CONTROL \d+ (POST .*?) *\n((?: {4}[\w-]+: .*\n)+) {4}BODY (\{[^}]*\}) *\n/g);
  return [...found].map(([, line, headers, body]) => {
    const lines = headers!
      .trimEnd()
      .split("\n")
      .map((header) => header.trim());
    return `${line}\r\n${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`;
  });
}

/** The connection stays open until the answer is whole, as producers leave it. */
async function sendRaw(port: number, request: string): Promise<{ status: number; head: string; body: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.write(Buffer.from(request, "latin1"));
  let text = "";
  for await (const chunk of socket) {
    text += chunk;
    const [head = "", body] = text.split("\r\n\r\n");
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (body !== undefined && length <= body.length) break;
  }
  socket.destroy();
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body };
}

/** Objects, lists, keys and values, as the producers' parser counts. */
function tokensOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const entries = Object.values(value).reduce((sum: number, part) => sum + tokensOf(part), 0);
  return 1 + entries + (Array.isArray(value) ? 0 : Object.keys(value).length);
}
