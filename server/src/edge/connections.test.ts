import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clientOf } from "./connections.ts";
import type { Handler } from "./http.ts";
import { type ListenerOptions, openListener } from "./listener.ts";

const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

async function listening(handler: Handler, options: Partial<ListenerOptions>) {
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0, drainMs: 100, ...options });
  return { ...listener, [Symbol.asyncDispose]: () => listener.close() };
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of socket) parts.push(part);
  } catch {
    // A reset ends it like any other end.
  }
  return Buffer.concat(parts).toString();
}

const hello: Handler = async () => ({ status: 200, headers: {}, body: "hello" });

for (const [address, client] of [
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["", ""],
] as const) {
  test(`${address || "an unknown address"} counts as ${client || "unknown"}`, () => {
    assert.equal(clientOf(address), client);
  });
}

test("a client has so many connections at a time, and a new one when another has ended", async () => {
  await using listener = await listening(hello, { limits: { perClient: 2 } });
  const held = [await connected(listener.port), await connected(listener.port)];
  const refused = await connected(listener.port);
  refused.write(get);
  assert.equal(await heard(refused), "");
  held[0]!.destroy();
  await sleep(50);
  const third = await connected(listener.port);
  third.end(get);
  assert.match(await heard(third), /hello$/);
  held[1]!.destroy();
});

test("who says that its request was the last still gets the answer, and the connection ends", async () => {
  const slow: Handler = async () => {
    await sleep(100);
    return { status: 200, headers: {}, body: "hello" };
  };
  await using listener = await listening(slow, {});
  const socket = await connected(listener.port);
  socket.end(get);
  assert.match(await heard(socket), /200 OK.*hello$/s);
});

test("a client that is gone does not hold an answer which never comes, nor one that pauses", async () => {
  const ended: string[] = [];
  const handler: Handler = async ({ rawPath, signal }) => {
    signal.addEventListener("abort", () => ended.push(rawPath));
    if (rawPath === "/never") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    const body = (async function* () {
      yield Buffer.from("begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    })();
    return { status: 200, headers: {}, body };
  };
  await using listener = await listening(handler, { limits: { halfClosedMs: 300, halfClosedPauseMs: 100 } });
  for (const path of ["/never", "/pause"]) {
    const socket = await connected(listener.port);
    socket.write(get.replace("/", path));
    if (path === "/pause") await once(socket, "data");
    socket.end();
    await heard(socket);
  }
  await sleep(20);
  assert.deepEqual(ended, ["/never", "/pause"]);
});

test("who reads nothing of what waits for it is let go, who is only told nothing is not", async () => {
  const gone = Promise.withResolvers<void>();
  const handler: Handler = async ({ rawPath, signal }) => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from("begun");
      if (rawPath === "/pause") await sleep(1000);
      else {
        signal.addEventListener("abort", () => gone.resolve());
        for (;;) yield Buffer.alloc(1 << 20);
      }
      yield Buffer.from("done");
    })(),
  });
  await using listener = await listening(handler, { limits: { stalledMs: 200 } });
  const patient = await connected(listener.port);
  patient.write(get.replace("/", "/pause").replace("host", "connection: close\r\nhost"));
  const answer = heard(patient);
  const stalled = await connected(listener.port);
  stalled.write(get);
  await gone.promise;
  assert.match(await answer, /begun.*done/s);
  stalled.destroy();
});

test("a connection that asks again and again without waiting ends", async () => {
  let asked = 0;
  const handler: Handler = async () => {
    asked++;
    await sleep(50);
    return { status: 200, headers: {} };
  };
  await using listener = await listening(handler, { limits: { pipelined: 8 } });
  const flood = await connected(listener.port);
  flood.write(get.repeat(500));
  await heard(flood);
  assert.equal(asked, 8);
  const few = await connected(listener.port);
  few.end(get.repeat(8));
  assert.equal((await heard(few)).match(/HTTP\/1\.1 200/g)?.length, 8);
});

test("more headers than any client sends, and longer ones, are refused", async () => {
  await using listener = await listening(hello, {});
  for (const [headers, status] of [
    ["x: y\r\n".repeat(198), 200],
    ["x: y\r\n".repeat(200), 431],
    [`x: ${"y".repeat(70_000)}\r\n`, 431],
  ] as const) {
    const socket = await connected(listener.port);
    socket.end(get.replace("\r\n\r\n", `\r\n${headers}connection: close\r\n\r\n`));
    assert.match(await heard(socket), new RegExp(`^HTTP/1.1 ${status}`));
  }
});

test("headers that do not come to an end are not waited for", async () => {
  await using listener = await listening(hello, { headersTimeoutMs: 200 });
  const socket = await connected(listener.port);
  socket.write("GET / HTTP/1.1\r\n");
  const drip = setInterval(() => socket.write("x: y\r\n"), 50);
  assert.match(await heard(socket), /^HTTP\/1.1 408/);
  clearInterval(drip);
});
