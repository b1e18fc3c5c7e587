import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readAll } from "../../test/support/edge-request.ts";
import type { Handler } from "./http.ts";
import { openListener } from "./listener.ts";

async function listening(handler: Handler) {
  const listener = await openListener({ handler, host: "127.0.0.1", port: 0, drainMs: 500 });
  return { ...listener, [Symbol.asyncDispose]: () => listener.close() };
}

const sizeAnd: (before?: () => Promise<unknown>) => Handler =
  (before = async () => {}) =>
  async ({ body }) => {
    await before();
    const bytes = await readAll(body);
    return { status: 200, headers: {}, body: `${bytes.length} ${createHash("md5").update(bytes).digest("hex")}` };
  };

for (const [name, before] of [
  ["at once", undefined],
  ["when the body is all there", () => sleep(100)],
] as const) {
  test(`a body of any size arrives whole when it is read ${name}`, async () => {
    await using listener = await listening(sizeAnd(before));
    for (const size of [0, 1, 4096, 65_536, 65_537, 5_000_000]) {
      const bytes = Buffer.alloc(size, "abcdefg");
      const expected = `${size} ${createHash("md5").update(bytes).digest("hex")}`;
      for (const body of [bytes, new Blob([bytes]).stream()]) {
        const response = await fetch(listener.url, { method: "PUT", body, duplex: "half" });
        assert.equal(await response.text(), expected);
      }
    }
  });
}

test("a body arrives in the pieces in which it is sent, and the next request after it", async () => {
  const pieces: string[] = [];
  await using listener = await listening(async ({ body }) => {
    for await (const bytes of body) pieces.push(Buffer.from(bytes).toString());
    return { status: 200, headers: {}, body: "" };
  });
  const socket = connect(listener.port, "127.0.0.1");
  for (const part of ["PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n", "ab", "cd"]) {
    socket.write(part);
    await sleep(50);
  }
  socket.end("efPUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\ng");
  assert.equal(String(Buffer.concat(await Array.fromAsync(socket))).split("200 OK").length, 3);
  assert.deepEqual(pieces, ["ab", "cd", "ef", "g"]);
});

test("a reader that stops may go on later", async () => {
  await using listener = await listening(async ({ body }) => {
    let first = "";
    for await (const bytes of body) {
      first = Buffer.from(bytes).toString();
      break;
    }
    return { status: 200, headers: {}, body: `${first}|${await readAll(body)}` };
  });
  const socket = connect(listener.port, "127.0.0.1");
  socket.write("PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\nab");
  await sleep(50);
  socket.end("cd");
  assert.match(String(Buffer.concat(await Array.fromAsync(socket))), /\r\n\r\nab\|cd$/);
});

for (const sent of ["", "ab"]) {
  test(`a client that goes away after ${sent.length} of 4 bytes is told as such`, async () => {
    const failed = Promise.withResolvers<NodeJS.ErrnoException>();
    await using listener = await listening(async ({ body, signal }) => {
      await readAll(body).catch(failed.reject);
      assert.ok(signal.aborted);
      return { status: 200, headers: {} };
    });
    const socket = connect(listener.port, "127.0.0.1");
    socket.write(`PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n${sent}`);
    await sleep(50);
    socket.destroy();
    await assert.rejects(failed.promise, { code: "ECONNRESET" });
    await once(socket, "close");
  });
}

test("what nobody read of a body is thrown away, and the client sees the answer", async () => {
  await using listener = await listening(async ({ body }) => {
    for await (const _ of body) break;
    return { status: 403, headers: {}, body: "no" };
  });
  const response = await fetch(listener.url, { method: "PUT", body: Buffer.alloc(1 << 20) });
  assert.equal(await response.text(), "no");
});
