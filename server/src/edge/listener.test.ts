import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Handler } from "./http.ts";
import { type ListenerOptions, openListener } from "./listener.ts";

async function listening(handler: Handler, options: Partial<ListenerOptions> = {}) {
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0, drainMs: 500, ...options });
  return { ...listener, [Symbol.asyncDispose]: () => listener.close() };
}

test("path and query arrive exactly as sent", async () => {
  await using listener = await listening(async ({ rawPath, rawQuery }) => ({
    status: 200,
    headers: {},
    body: `${rawPath} ${rawQuery}`,
  }));
  const sent = request(`${listener.url}/a%2Fb//c/../d?x=%20+&y`, { path: "/a%2Fb//c/../d?x=%20+&y" }).end();
  const [response] = await once(sent, "response");
  assert.equal(await text(response), "/a%2Fb//c/../d x=%20+&y");
});

test("a streamed body that breaks off closes the connection instead of ending the answer", async () => {
  await using listener = await listening(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from("half");
      await setImmediate();
      throw new Error("the disk is gone");
    })(),
  }));
  const socket = connect(listener.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  assert.doesNotMatch(await text(socket), /\r\n0\r\n\r\n$/);
});

test("an answer given before the body was read reaches the client, and the connection closes", async () => {
  await using listener = await listening(async () => ({ status: 403, headers: {}, body: "no" }));
  const response = await fetch(listener.url, { method: "PUT", body: Buffer.alloc(1 << 20) });
  assert.equal(response.status, 403);
  assert.equal(await response.text(), "no");
  assert.equal(response.headers.get("connection"), "close");
});

test("100 Continue comes when the body is wanted, and only then", async () => {
  await using listener = await listening(async ({ rawPath, body }) => {
    if (rawPath === "/refused") return { status: 400, headers: {} };
    let size = 0;
    for await (const chunk of body) size += chunk.length;
    return { status: 200, headers: {}, body: `${size}` };
  });
  for (const [path, status, continued] of [
    ["/refused", 400, false],
    ["/taken", 200, true],
  ] as const) {
    const sent = request(listener.url + path, {
      method: "PUT",
      headers: { expect: "100-continue", "content-length": 5 },
    });
    let heard = false;
    sent.on("continue", () => {
      heard = true;
      sent.end("12345");
    });
    sent.flushHeaders();
    const [response] = await once(sent, "response");
    assert.equal(response.statusCode, status);
    assert.equal(heard, continued);
    if (continued) assert.equal(await text(response), "5");
    sent.destroy();
  }
});

test("the handler learns that the client has gone", async () => {
  const aborted = Promise.withResolvers<void>();
  const called = Promise.withResolvers<void>();
  const handler: Handler = async ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve());
    called.resolve();
    await aborted.promise;
    return { status: 200, headers: {} };
  };
  await using listener = await listening(handler, { limits: { halfClosedMs: 200 } });
  const sent = request(listener.url).on("error", () => {});
  sent.end();
  await called.promise;
  sent.destroy();
  await aborted.promise;
});

test("a slow reader holds the body back", async () => {
  let produced = 0;
  await using listener = await listening(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      for (; produced < 2000; produced += 1) yield Buffer.alloc(64 << 10);
    })(),
  }));
  const socket = connect(listener.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  await once(socket, "readable");
  let before = -1;
  while (before !== produced) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(produced < 1000, `${produced} chunks were made for a reader that reads none`);
  socket.destroy();
});

async function text(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
