import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { createMd5Stream } from "./md5-stream.ts";

const sizes = [0, 1, 65_536, 262_143, 262_144, 262_145, 5 << 20];

test("is the MD5 of many bodies at once, in chunks of any size, whose memory is used again", async () => {
  const digests = await Promise.all(
    [...sizes, ...sizes, ...sizes, ...sizes].map(async (size, at) => {
      const stream = createMd5Stream();
      const hash = createHash("md5");
      const memory = Buffer.alloc(10_000 + 97_001 * at);
      for (let left = size; 0 < left; left -= memory.length) {
        const chunk = memory.subarray(0, left).fill(randomBytes(251));
        hash.update(chunk);
        await stream.update(chunk);
      }
      return { got: await stream.digest(), expected: hash.digest("hex") };
    }),
  );
  for (const { got, expected } of digests) assert.equal(got, expected);
});

test("goes on after bodies that came to no digest, more than there are slabs", async () => {
  for (let body = 0; body < 100; body++) {
    const stream = createMd5Stream();
    await stream.update(randomBytes(300_000));
    stream.close();
  }
  const stream = createMd5Stream();
  await stream.update(Buffer.from("abc"));
  assert.equal(await stream.digest(), "900150983cd24fb0d6963f7d28e17f72");
});
