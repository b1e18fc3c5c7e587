import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../base/random.ts";
import { openBytes, openSealed, sealBytes, sealInSteps, sealingBytes, sealingKey } from "./xaes.ts";

// C2SP, XAES-256-GCM, "Test vectors": the second derives its key through the reduction by 0x87.
const vectors = [
  { key: 0x01, about: "", sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271" },
  { key: 0x03, about: "c2sp.org/XAES-256-GCM", sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d" },
];

for (const { key, about, sealed } of vectors) {
  test(`seals as the specification's vector of key ${key} says`, async () => {
    const nonce = () => Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWX");
    const prepared = sealingKey(new Uint8Array(32).fill(key));
    const bytes = sealBytes(prepared, Buffer.from("XAES-256-GCM"), about, nonce);
    assert.equal(Buffer.from(bytes.subarray(24)).toString("hex"), sealed);
    assert.equal(Buffer.from((await openSealed(prepared, bytes, about))!).toString(), "XAES-256-GCM");
  });
}

test("seals a list of chunks as one, of any size", async () => {
  const key = sealingKey(systemRandom(32));
  for (const sizes of [[], [0], [1], [0, 3, 0], [65_535, 2, 65_536], [1 << 20, 1 << 20, 5]]) {
    const chunks = sizes.map((size) => systemRandom(size));
    const pieces = sealInSteps(key, chunks, "what", systemRandom);
    const sealed = Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
    const plain = Buffer.concat(chunks);
    assert.equal(sealed.length, plain.length + sealingBytes);
    assert.ok(plain.equals((await openSealed(key, sealed, "what"))!), `${sizes}`);
    assert.ok(plain.equals(openBytes(key, sealed, "what")!), `${sizes}, at once`);
  }
});

test("derives each message's key from the key and its nonce alone, however many went before", () => {
  const bytes = systemRandom(32);
  const used = sealingKey(bytes);
  for (let index = 0; index < 100; index++) {
    const sealed = sealBytes(used, Buffer.from(`${index}`), "stream 1", systemRandom);
    assert.equal(Buffer.from(openBytes(sealingKey(bytes), sealed, "stream 1")!).toString(), `${index}`);
  }
});

test("opens many large ones at once, whatever each lacks to whole steps", async () => {
  const key = sealingKey(systemRandom(32));
  const plain = Array.from({ length: 12 }, (_, at) => systemRandom((1 << 20) + 1000 * at + 1));
  const sealed = plain.map((bytes) =>
    Buffer.concat(Array.from(sealInSteps(key, [bytes], "what", systemRandom), (piece) => Buffer.from(piece))),
  );
  const opened = await Promise.all(sealed.map((bytes) => openSealed(key, bytes, "what")));
  for (const [at, bytes] of plain.entries()) assert.ok(Buffer.from(bytes).equals(opened[at]!), `the ${at}th`);
});

test("opens nothing of which a bit is another one, small or large", async () => {
  const large = sealingKey(systemRandom(32));
  for (const size of [65_536, 200_000]) {
    const damaged = Buffer.from(sealBytes(large, systemRandom(size), "stream 1", systemRandom));
    damaged[size >> 1]! ^= 1;
    assert.equal(await openSealed(large, damaged, "stream 1"), undefined);
  }
  const key = sealingKey(systemRandom(32));
  const sealed = Buffer.from(sealBytes(key, Buffer.from("frames"), "stream 1", systemRandom));
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(await openSealed(key, damaged, "stream 1"), undefined, `bit ${bit}`);
  }
  assert.equal(await openSealed(key, sealed, "stream 2"), undefined);
  assert.equal(await openSealed(sealingKey(systemRandom(32)), sealed, "stream 1"), undefined);
  for (let size = 0; size < sealed.length; size++) {
    assert.equal(await openSealed(key, sealed.subarray(0, size), "stream 1"), undefined, `${size} bytes`);
  }
});
