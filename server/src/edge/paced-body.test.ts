import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readAll } from "../../test/support/edge-request.ts";
import { pacedBody } from "./paced-body.ts";

async function* every(ms: number, sizes: readonly number[]) {
  for (const size of sizes) {
    await sleep(ms);
    yield Buffer.alloc(size);
  }
}

const late = { name: "ServiceError", code: "RequestTimeout", status: 400 };

test("a body passes as it comes", async () => {
  const body = pacedBody(every(5, [1, 2, 3]), { idleMs: 500, graceMs: 500, bytesPerSecond: 1 });
  assert.equal((await readAll(body)).length, 6);
});

test("silence ends it", async () => {
  const body = pacedBody(every(300, [1]), { idleMs: 50, graceMs: 1000, bytesPerSecond: 1 });
  await assert.rejects(readAll(body), late);
});

test("a drip ends it, and the same bytes at once do not", async () => {
  const pace = { idleMs: 200, graceMs: 150, bytesPerSecond: 1000 };
  await assert.rejects(readAll(pacedBody(every(40, Array(50).fill(1)), pace)), late);
  assert.equal((await readAll(pacedBody(every(1, [50]), pace))).length, 50);
});

test("time that the reader takes does not count", async () => {
  const pace = { idleMs: 100, graceMs: 100, bytesPerSecond: 1 };
  let count = 0;
  for await (const _ of pacedBody(every(1, [1, 1, 1]), pace)) {
    await sleep(120);
    count++;
  }
  assert.equal(count, 3);
});

test("a reader that stops lets go of what it reads from", async () => {
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(1);
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of pacedBody(endless(), { idleMs: 100, graceMs: 100, bytesPerSecond: 1 })) break;
  assert.ok(isClosed);
});
