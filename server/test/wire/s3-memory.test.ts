/**
 * A large object passes through: in and out of a server process, in a small part of the object's size.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import test from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";
import { keys, s3Of, startMillrace, withFolder } from "../journeys/millrace-process.ts";

const sizeBytes = 1 << 30;
const chunkBytes = 1 << 20;

test("takes in and gives back 1 GiB in less than 100 MB of memory", {
  skip: process.platform !== "linux",
}, async () => {
  await withFolder(async (folder) => {
    const server = await startMillrace([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--data",
      join(folder, "data"),
      "--role",
      "api",
      "--log-level",
      "warn",
    ]);
    const s3 = s3Of(server.url);
    try {
      await s3.createBucket({ Bucket: "memory" });
      await s3.putObject({ Bucket: "memory", Key: "warm", Body: Buffer.alloc(1 << 20) });
      const before = await memoryOf(server.pid);

      const url = `${server.url}/memory/large`;
      const headers = signRequest({
        method: "PUT",
        url,
        headers: { "content-length": String(sizeBytes) },
        payloadHash: "UNSIGNED-PAYLOAD",
        credentials: keys,
        service: "s3",
        region: "us-east-1",
        clock: systemClock,
      });
      const sent = createHash("md5");
      const outgoing = request(url, { method: "PUT", headers });
      const answer = new Promise<string | undefined>((resolve, reject) => {
        outgoing.on("error", reject);
        outgoing.on("response", (response) => {
          response.resume();
          resolve(response.headers.etag);
        });
      });
      await pipeline(Readable.from(generated(sent)), outgoing);
      assert.equal(await answer, `"${sent.digest("hex")}"`);

      const received = createHash("md5");
      const { Body, ETag } = await s3.getObject({ Bucket: "memory", Key: "large" });
      for await (const chunk of Body as Readable) received.update(chunk);
      assert.equal(ETag, `"${received.digest("hex")}"`);

      const grown = (await memoryOf(server.pid)).peak - before.now;
      assert.ok(grown < 100e6, `grew by ${(grown / 1e6).toFixed(0)} MB`);
    } finally {
      s3.destroy();
      await server.kill("SIGTERM");
    }
  });
});

function* generated(hash: { update(bytes: Uint8Array): unknown }): Generator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += chunkBytes) {
    const chunk = Buffer.alloc(chunkBytes, `${at} `);
    hash.update(chunk);
    yield chunk;
  }
}

/** Bytes of resident memory, now and at most. */
async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)![1]) * 1024;
  return { now: kilobytes("VmRSS"), peak: kilobytes("VmHWM") };
}
