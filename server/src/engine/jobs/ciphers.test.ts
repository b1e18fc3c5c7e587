import assert from "node:assert/strict";
import { createDecipheriv, randomBytes } from "node:crypto";
import { test } from "node:test";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import type { ServedBytes } from "../ffmpeg/range-server.ts";
import { type CipherMode, decrypt, encrypt, encryptedSize, NotDecryptable, openEncrypted } from "./ciphers.ts";

const modes: CipherMode[] = ["aes-cbc-pkcs7", "aes-ctr", "aes-gcm"];
const sizes = [0, 1, 15, 16, 17, 31, 32, 1000, 70_000];
const iv = Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "hex");

/** Known answers. The blocks are those of SP 800-38A, F.2.1 and F.5.1; the padding block after them is CBC's of 16 × 16. */
const plain = Buffer.from("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", "hex");
const key128 = Buffer.from("2b7e151628aed2a6abf7158809cf4f3c", "hex");
const known: [mode: CipherMode, iv: string, begins: string][] = [
  [
    "aes-cbc-pkcs7",
    "000102030405060708090a0b0c0d0e0f",
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
  ],
  ["aes-ctr", iv.toString("hex"), "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"],
];
for (const [mode, vector, begins] of known) {
  test(`${mode} encrypts as the standard's example`, async () => {
    const cipher = { mode, key: key128, iv: Buffer.from(vector, "hex") };
    const out = await gather(encrypt(cipher, chunks(plain)));
    assert.equal(out.subarray(0, 32).toString("hex"), begins);
    assert.equal(out.length, encryptedSize(mode, plain.length));
  });
}

for (const mode of modes) {
  for (const keyBytes of [16, 24, 32]) {
    test(`${mode} with ${8 * keyBytes} bits goes there and back, as Node's own ciphers do`, async () => {
      for (const size of sizes) {
        const cipher = { mode, key: randomBytes(keyBytes), iv: randomBytes(16) };
        const body = randomBytes(size);
        const sealed = await gather(encrypt(cipher, chunks(body)));
        assert.equal(sealed.length, encryptedSize(mode, size));
        assert.deepEqual(opened(cipher, sealed), body, `${size} bytes`);
        assert.deepEqual(await gather(decrypt(cipher, serve(sealed))), body, `${size} bytes`);
      }
    });
  }
}

for (const mode of ["aes-cbc-pkcs7", "aes-ctr"] as const) {
  test(`${mode} is read at any place, and of the file only the blocks that are needed`, async () => {
    const size = 200;
    const body = randomBytes(size);
    // The counter wraps around in the middle.
    const cipher = { mode, key: randomBytes(16), iv: Buffer.from(`${"ff".repeat(15)}fa`, "hex") };
    const sealed = await gather(encrypt(cipher, chunks(body)));
    const asked: ByteRange[] = [];
    const file = await openEncrypted(cipher, serve(sealed, asked));
    assert.equal(file.sizeBytes, size);
    for (let from = 0; from <= size; from++) {
      for (const to of new Set([from, Math.min(from + 1, size), Math.min(from + 37, size), size])) {
        asked.length = 0;
        const part = await gather(await file.read({ from, to }));
        assert.deepEqual(part, body.subarray(from, to), `${from}-${to}`);
        for (const range of asked)
          assert(from - 32 < range.from && range.to < to + 16, `${from}-${to} reads elsewhere`);
      }
    }
  });
}

const broken: [what: string, mode: CipherMode, bytes: (sealed: Buffer) => Buffer][] = [
  ["an empty file", "aes-cbc-pkcs7", () => Buffer.alloc(0)],
  ["a file that is cut short", "aes-cbc-pkcs7", (sealed) => sealed.subarray(0, -1)],
  ["a file that lacks its last block", "aes-cbc-pkcs7", (sealed) => sealed.subarray(0, -16)],
  ["a file that lacks part of its tag", "aes-gcm", (sealed) => sealed.subarray(0, 15)],
  ["a file that lacks its last byte", "aes-gcm", (sealed) => sealed.subarray(0, -1)],
  ["a byte that was changed", "aes-gcm", (sealed) => flipped(sealed, 3)],
  ["a tag that was changed", "aes-gcm", (sealed) => flipped(sealed, sealed.length - 1)],
];
for (const [what, mode, change] of broken) {
  test(`${mode} refuses ${what}`, async () => {
    const cipher = { mode, key: key128, iv };
    const sealed = change(await gather(encrypt(cipher, chunks(plain))));
    await assert.rejects(gather(decrypt(cipher, serve(sealed))), NotDecryptable);
  });
}

test("aes-gcm refuses another key and another vector", async () => {
  const sealed = await gather(encrypt({ mode: "aes-gcm", key: key128, iv }, chunks(plain)));
  for (const other of [
    { key: randomBytes(16), iv },
    { key: key128, iv: randomBytes(16) },
  ]) {
    await assert.rejects(gather(decrypt({ mode: "aes-gcm", ...other }, serve(sealed))), NotDecryptable);
  }
});

function opened({ mode, key, iv }: { mode: CipherMode; key: Uint8Array; iv: Uint8Array }, sealed: Buffer): Buffer {
  const bits = 8 * key.length;
  if (mode === "aes-gcm") {
    const decipher = createDecipheriv(`aes-${bits}-gcm` as "aes-128-gcm", key, iv).setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  }
  const decipher = createDecipheriv(`aes-${bits}-${mode === "aes-ctr" ? "ctr" : "cbc"}`, key, iv);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1;
  return changed;
}

/** In pieces of uneven sizes. */
async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 1009)
    yield bytes.subarray(at, at + size);
}

function serve(bytes: Buffer, asked: ByteRange[] = []): ServedBytes {
  return {
    sizeBytes: bytes.length,
    async read(range) {
      asked.push(range);
      return chunks(bytes.subarray(range.from, range.to));
    },
  };
}

async function gather(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
