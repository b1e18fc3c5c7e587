/**
 * Requests that mean harm, on the wire: bodies that do not come, documents that are too deep or too large, compressed
 * ones, and keys that look like paths.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { basename, dirname } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../src/base/clock.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { keys, region, type S3Server, withS3 } from "../support/s3-server.ts";
import { startTranscoder, keys as transcoderKeys } from "./transcoder-server.ts";

/** A signed request to S3, whatever its path and body. */
async function send(
  { url }: S3Server,
  method: string,
  path: string,
  body: string | Uint8Array,
  more: Record<string, string> = {},
) {
  const headers = signRequest({
    ...{
      method,
      url: new URL(path, url),
      headers: more,
      body,
      credentials: keys,
      service: "s3",
      region,
      clock: systemClock,
    },
  });
  const response = await fetch(new URL(path, url), {
    method,
    headers,
    body: method === "GET" ? undefined : (body as string),
  });
  return { status: response.status, text: await response.text() };
}

const nasty = [
  "../marker-a",
  "../../../../../../../../tmp/marker-b",
  "/etc/marker-c",
  "//marker-d",
  "a/../../marker-e",
  "..\\..\\marker-f",
  "C:\\marker-g",
  "marker-i/",
  "marker-j/.",
  "marker-k/..",
  "..%2f..%2fmarker-l",
  "%2e%2e/marker-m",
  "marker-n\n",
  "~/marker-o",
  "$(touch marker-p)",
  "-rf marker-q",
  "marker-r".repeat(100),
  "\u202emarker-s",
  ".",
  "..",
];

test("no key of an object reaches the file system as a path", async (t) => {
  const server = await withS3(t);
  await server.s3.createBucket({ Bucket: "bucket" });
  const before = new Set(await readdir(dirname(server.folder)));
  // Large enough for a file: smaller ones lie in the rows.
  const bodyOf = (i: number) => String.fromCharCode(65 + i).repeat(300_000);
  for (const [i, Key] of nasty.entries()) {
    await server.s3.putObject({ Bucket: "bucket", Key, Body: bodyOf(i) });
    const { Body } = await server.s3.getObject({ Bucket: "bucket", Key });
    assert.equal(await Body!.transformToString(), bodyOf(i), Key);
  }
  const zero = server.s3.putObject({ Bucket: "bucket", Key: "marker-h\0.jpg", Body: "" });
  await assert.rejects(zero, { name: "MalformedXML" });
  const { Contents = [] } = await server.s3.listObjectsV2({ Bucket: "bucket", EncodingType: "url" });
  assert.equal(Contents.length, nasty.length);
  const files = await readdir(server.folder, { recursive: true });
  assert.ok(nasty.length < files.length);
  for (const file of files) {
    assert.doesNotMatch(file, /marker/);
    assert.match(basename(file), /^[\w.~-]{1,100}$/);
  }
  const after = (await readdir(dirname(server.folder))).filter((name) => !before.has(name));
  assert.deepEqual(
    after.filter((name) => name.includes("marker")),
    [],
  );
});

for (const path of [
  "/../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/bucket/../../etc/passwd",
  "/..%5c..%5cwindows",
  "/%00",
  "/bucket/%ff%fe",
  "//etc/passwd",
  "/_millrace/../etc/passwd",
  "/hls/v1/../../../etc/passwd",
  "/hls/v1/getHLSMasterPlaylist.m3u8/../../x",
]) {
  test(`${path} opens no file`, async (t) => {
    const { url } = await withS3(t);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    let text = "";
    for await (const part of socket) text += part;
    assert.match(text, /^HTTP\/1\.1 4\d\d /);
    assert.doesNotMatch(text, /root:/);
  });
}

const tagging = (inner: string) => `<Tagging><TagSet>${inner}</TagSet></Tagging>`;

for (const [what, body] of [
  ["is deeper than any document", `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`],
  ["never ends", "<a>".repeat(1_000_000)],
  ["has a document type", `<!DOCTYPE x [<!ENTITY e "ee">]>${tagging("<Tag><Key>&e;</Key><Value>v</Value></Tag>")}`],
  ["reads a file", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${tagging("<Tag><Key>&e;</Key></Tag>")}`],
  ["has a thousand attributes", `<Tagging ${Array.from({ length: 1000 }, (_, i) => `a${i}="x"`).join(" ")}/>`],
  ["is compressed", gzipSync(tagging(" ".repeat(1 << 20)))],
] as const) {
  test(`XML that ${what} is refused at once`, async (t) => {
    const server = await withS3(t);
    await server.s3.createBucket({ Bucket: "bucket" });
    const started = performance.now();
    const more: Record<string, string> = typeof body === "string" ? {} : { "content-encoding": "gzip" };
    const { status, text } = await send(server, "PUT", "/bucket?tagging", body, more);
    assert.deepEqual([status, /<Code>(\w+)/.exec(text)?.[1]], [400, "MalformedXML"]);
    assert.ok(performance.now() - started < 5000);
  });
}

async function post(t: TestContext, body: string | Uint8Array, more: Record<string, string> = {}) {
  const { url } = await startTranscoder(t);
  const target = new URL("/2012-09-25/pipelines", url);
  const headers = signRequest({
    ...{
      method: "POST",
      url: target,
      headers: { "content-type": "application/json", ...more },
      body,
      credentials: transcoderKeys,
    },
    ...{ service: "elastictranscoder", region, clock: systemClock },
  });
  const response = await fetch(target, { method: "POST", headers, body: body as string });
  return { status: response.status, code: response.headers.get("x-amzn-errortype") };
}

for (const [what, body, status, code] of [
  ["is deep where nobody looks", `{"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`, 400, "ValidationException"],
  [
    "is deep where somebody looks",
    `{"Notifications":${'{"Progressing":'.repeat(5000)}1${"}".repeat(5000)}}`,
    400,
    "SerializationException",
  ],
  ["never ends", "[".repeat(500_000), 400, "SerializationException"],
  ["is compressed", gzipSync('{"Name":"p"}'), 400, "SerializationException"],
  ["is larger than any document", `{"x":"${"y".repeat(1 << 20)}"}`, 413, "RequestEntityTooLargeException"],
] as const) {
  test(`JSON that ${what} is refused`, async (t) => {
    assert.deepEqual(await post(t, body, typeof body === "string" ? {} : { "content-encoding": "gzip" }), {
      status,
      code,
    });
  });
}

test("two lengths, or a length and chunks, are no request", async (t) => {
  const { url } = await withS3(t);
  for (const headers of [
    "content-length: 5\r\ncontent-length: 6",
    "content-length: 5\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked, identity",
    "content-length: -1",
    "content-length : 5",
  ]) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`PUT /bucket/key HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n`);
    let text = "";
    socket.on("data", (part) => (text += part));
    await once(socket, "close");
    assert.match(text, /^HTTP\/1\.1 400 /, headers);
    assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1, headers);
  }
});
