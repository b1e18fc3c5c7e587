import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { sealingKey } from "../keys/xaes.ts";
import { frameBytes, openFrames, sealedRange, sealFrames } from "./frames.ts";

const key = sealingKey(randomBytes(32));
const blob = "objects/a/1";
const sizes = [0, 1, 1000, frameBytes - 1, frameBytes, frameBytes + 1, 3 * frameBytes, 3 * frameBytes + 7];

async function* chunksOf(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // Lent: whoever keeps it finds something else there.
    const chunk = Uint8Array.from(bytes.subarray(at, at + chunkBytes));
    yield chunk;
    chunk.fill(0xee);
  }
}

const all = async (chunks: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(chunks, (chunk) => Buffer.from(chunk)));
const seal = (bytes: Uint8Array, chunkBytes = 10_007) => all(sealFrames(key, blob, chunksOf(bytes, chunkBytes)));

async function open(
  sealed: Uint8Array,
  size: number,
  range = { from: 0, to: size },
  chunkBytes = 1 << 20,
  name = blob,
) {
  const { from, to } = sealedRange(size, range);
  const chunks = () => chunksOf(sealed.subarray(from, to), chunkBytes);
  const opened = await all(openFrames(key, name, size, range, chunks()));
  assert.deepEqual(await all(openFrames(key, name, size, range, chunks(), { lend: true })), opened);
  return opened;
}

test("opens what was sealed, whatever the sizes of body and chunks", async () => {
  for (const size of sizes) {
    const bytes = randomBytes(size);
    for (const chunkBytes of [997, frameBytes, 1 << 20]) {
      const sealed = await seal(bytes, chunkBytes);
      assert.equal(sealed.length, sealedRange(size, { from: 0, to: size }).to);
      for (const readBytes of [1013, frameBytes, frameBytes + 16, 1 << 20]) {
        assert.deepEqual(await open(sealed, size, undefined, readBytes), bytes, `${size} ${chunkBytes} ${readBytes}`);
      }
    }
  }
});

test("opens any range by the frames that hold it", async () => {
  const size = 3 * frameBytes;
  const bytes = randomBytes(size);
  const sealed = await seal(bytes);
  const edges = [0, 1, frameBytes - 1, frameBytes, frameBytes + 1, 2 * frameBytes, size - 1, size];
  for (const from of edges) {
    for (const to of edges) {
      if (to <= from) continue;
      assert.deepEqual(await open(sealed, size, { from, to }), bytes.subarray(from, to), `${from} to ${to}`);
    }
  }
  assert.deepEqual(sealedRange(size, { from: 10, to: 20 }), { from: 0, to: frameBytes + 16 });
});

test("finds every bit that is another one, and hands out nothing of its frame", async () => {
  const size = frameBytes + 100;
  const bytes = randomBytes(size);
  const sealed = await seal(bytes);
  for (let bit = 0; bit < 8 * sealed.length; bit += 8 * 499 + 1) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const handedOut: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of openFrames(key, blob, size, { from: 0, to: size }, chunksOf(damaged, 1 << 20)))
        handedOut.push(chunk);
    })();
    await assert.rejects(reading, { name: "DamagedBytes" }, `bit ${bit}`);
    const inFirstFrame = bit >> 3 < frameBytes + 16;
    assert.deepEqual(Buffer.concat(handedOut), inFirstFrame ? Buffer.alloc(0) : bytes.subarray(0, frameBytes));
  }
});

test("finds frames that were swapped, left out or cut off, and those of another blob", async () => {
  const size = 3 * frameBytes;
  const sealed = await seal(randomBytes(size));
  const frame = (index: number) => sealed.subarray(index * (frameBytes + 16), (index + 1) * (frameBytes + 16));
  const rejects = (bytes: Uint8Array, claimed = size, name = blob) =>
    assert.rejects(open(bytes, claimed, undefined, undefined, name), { name: "DamagedBytes" });
  await rejects(Buffer.concat([frame(1), frame(0), frame(2), frame(3)]));
  await rejects(Buffer.concat([frame(0), frame(2), frame(3)]));
  await rejects(sealed.subarray(0, sealed.length - 1));
  await rejects(sealed, size, "objects/a/2");
  // The row's size was changed with the bytes.
  await rejects(sealed.subarray(0, 2 * (frameBytes + 16)), 2 * frameBytes);
  await rejects(sealed.subarray(0, 2 * (frameBytes + 16) + 16), 2 * frameBytes);
});

test("seals the same bytes differently each time", async () => {
  const bytes = Buffer.alloc(3 * frameBytes, "a");
  const sealed = await seal(bytes);
  const other = await all(sealFrames(key, "objects/a/2", chunksOf(bytes, 5000)));
  const seen = new Set<string>();
  for (const one of [sealed, other]) {
    for (let at = 0; at + 32 <= 3 * frameBytes; at += 32) seen.add(one.subarray(at, at + 32).toString("hex"));
  }
  assert.equal(seen.size, (2 * 3 * frameBytes) / 32);
});
