/**
 * What no SDK sends: broken XML, odd paths and headers, bodies that lie about themselves.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import test, { after, before } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { keys, region, type S3Server, startS3 } from "../support/s3-server.ts";

let server: S3Server;

before(async () => {
  server = await startS3();
  await server.s3.createBucket({ Bucket: "box" });
});
after(() => server.close());

/** The path and query go out as they are written here. */
async function send(
  method: string,
  target: string,
  content: string | Uint8Array = "",
  headers: Record<string, string> = {},
): Promise<{ status: number; code: string | undefined; text: string }> {
  const url = server.url + target;
  const body = Buffer.from(content);
  const signed = signRequest({
    method,
    url,
    headers,
    body,
    credentials: keys,
    service: "s3",
    region,
    clock: systemClock,
  });
  // Not fetch, which tidies up paths.
  const outgoing = request(server.url, { method, path: target, headers: signed });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const text = Buffer.concat(await Array.fromAsync(answer)).toString();
  return { status: answer.statusCode!, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1], text };
}

const object = (key: string) => `<Object><Key>${key}</Key></Object>`;

test("answers broken and hostile XML with MalformedXML, and lives", async () => {
  for (const [what, body] of [
    ["nothing", ""],
    ["no XML", "hello"],
    ["cut short", "<Delete><Object><Key>a</Key>"],
    ["wrong nesting", "<Delete><Object></Delete></Object>"],
    ["two roots", `<Delete>${object("a")}</Delete><Delete/>`],
    ["an entity bomb", `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Delete>${object("&b;")}</Delete>`],
    ["an outside entity", `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>${object("&x;")}</Delete>`],
    ["depth", `${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}`],
    ["no objects", "<Delete></Delete>"],
    ["objects without keys", "<Delete><Object/></Delete>"],
    ["too many objects", `<Delete>${object("a").repeat(1001)}</Delete>`],
    ["wrong encoding", Buffer.from([0x3c, 0xff, 0xfe, 0x3e])],
    ["a null byte", `<Delete>${object("a\0b")}</Delete>`],
  ] as const) {
    const { status, code } = await send("POST", "/box?delete", body);
    assert.equal(status, 400, what);
    assert.ok(code === "MalformedXML" || code === "InvalidArgument", `${what}: ${code}`);
  }
  const polluting = `<Delete>${object("__proto__")}<__proto__><polluted>1</polluted></__proto__></Delete>`;
  assert.ok((await send("POST", "/box?delete", polluting)).status <= 400);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  for (const target of ["/box/k?uploadId=x", "/box?cors", "/box?tagging", "/box/k?tagging"]) {
    const method = target.includes("uploadId") ? "POST" : "PUT";
    const { status } = await send(method, target, "<a><b></a>");
    assert.ok(status === 400 || status === 404, `${target}: ${status}`);
  }
});

test("never takes an unknown sub-resource for an object", async () => {
  for (const [method, target] of [
    ["PUT", "/box/k?unknown"],
    ["PUT", "/box/k?torrent"],
    ["PUT", "/box?unknown=1"],
    ["POST", "/box/k?unknown"],
    ["DELETE", "/box/k?unknown"],
    ["PUT", "/box/k?annotation&annotationName=x"],
  ] as const) {
    const { status } = await send(method, target, "x");
    assert.ok(status === 501 || status === 405 || status === 400, `${method} ${target}: ${status}`);
  }
  assert.equal((await server.s3.listObjectsV2({ Bucket: "box" })).KeyCount, 0);
});

test("keeps keys apart that a file system would not", async () => {
  const keysOf = [
    "/",
    "//",
    "a/",
    "a//b",
    "a/./b",
    "a/../b",
    "..",
    "../../etc/passwd",
    " ",
    "%2F",
    "%",
    "A",
    "a",
    "\u0301e",
    "é",
    "_millrace/x",
  ];
  for (const key of keysOf) {
    const { status, text } = await send("PUT", `/box/${encodeURIComponent(key)}`, key);
    assert.equal(status, 200, `${key}: ${text}`);
  }
  for (const key of keysOf) {
    const { text } = await send("GET", `/box/${encodeURIComponent(key)}`);
    assert.equal(text, key);
  }
  const { text } = await send("GET", "/box?list-type=2&encoding-type=url");
  const listed = [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => decodeURIComponent(key!));
  assert.deepEqual(new Set(listed), new Set(keysOf));
  assert.equal((await send("PUT", "/box/a%00b", "x")).status, 400);
  assert.equal((await send("PUT", "/box/%ff%fe", "x")).status, 400);
  await Promise.all(keysOf.map((key) => send("DELETE", `/box/${encodeURIComponent(key)}`)));
});

test("lists keys that XML cannot carry", async () => {
  await send("PUT", "/box/ctl%01%08%0Akey", "x");
  const encoded = await send("GET", "/box?encoding-type=url&prefix=ctl");
  assert.match(encoded.text, /<Key>ctl%01%08%0Akey<\/Key>/);
  assert.equal((await send("GET", "/box?prefix=ctl")).status, 200);
  await send("DELETE", "/box/ctl%01%08%0Akey");
});

test("answers odd numbers in queries by name", async () => {
  for (const target of [
    "/box?max-keys=-1",
    "/box?max-keys=abc",
    "/box?list-type=2&max-keys=1.5",
    "/box?uploads&max-uploads=-2",
    "/box?list-type=2&continuation-token=%00",
    "/box?encoding-type=base64",
    "/box?versions&version-id-marker=x",
  ]) {
    const { status, code } = await send("GET", target);
    assert.equal(`${status} ${code}`, "400 InvalidArgument", target);
  }
  assert.equal((await send("PUT", "/box/k?partNumber=abc&uploadId=x", "x")).status, 400);
});

test("keeps nothing of a body that is not what was signed, or ends early", async () => {
  const url = `${server.url}/box/lie`;
  const signed = signRequest({
    method: "PUT",
    url,
    headers: {},
    body: "signed",
    credentials: keys,
    service: "s3",
    region,
    clock: systemClock,
  });
  const answer = await fetch(url, { method: "PUT", headers: signed, body: "sent!!" });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /XAmzContentSHA256Mismatch/);

  for (const size of [1000, 200_000]) {
    const headers = {
      ...signRequest({
        method: "PUT",
        url,
        headers: {},
        payloadHash: "UNSIGNED-PAYLOAD",
        credentials: keys,
        service: "s3",
        region,
        clock: systemClock,
      }),
      host: new URL(url).host,
      "content-length": String(size),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`PUT /box/lie HTTP/1.1\r\n${lines.join("")}\r\n`);
    socket.write("x".repeat(size - 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await send("HEAD", "/box/lie")).status, 404);
});
