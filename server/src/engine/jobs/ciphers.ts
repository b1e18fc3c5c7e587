/**
 * Files encrypted by whoever sends or fetches them, in the three ways of the API: whole-file AES in CBC with PKCS#7
 * padding, in CTR, or in GCM with its tag of 16 bytes at the end.
 *
 * Bytes pass through; no file is ever held in memory.
 *
 * @see NIST SP 800-38A and 800-38D; RFC 5652, 6.3
 */
import { createCipheriv, createDecipheriv, type Decipheriv } from "node:crypto";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import type { ServedBytes } from "../ffmpeg/range-server.ts";

export type CipherMode = "aes-cbc-pkcs7" | "aes-ctr" | "aes-gcm";

/** `key`: 16, 24 or 32 bytes. `iv`: 16. */
export type FileCipher = { mode: CipherMode; key: Uint8Array; iv: Uint8Array };

/** What cannot have been encrypted under this key, or was changed since. */
export class NotDecryptable extends Error {
  override readonly name = "NotDecryptable";
}

const blockBytes = 16;
const tagBytes = 16;

export function encryptedSize(mode: CipherMode, plainBytes: number): number {
  switch (mode) {
    case "aes-cbc-pkcs7":
      return plainBytes + blockBytes - (plainBytes % blockBytes);
    case "aes-ctr":
      return plainBytes;
    case "aes-gcm":
      return plainBytes + tagBytes;
  }
}

export async function* encrypt(
  { mode, key, iv }: FileCipher,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (mode === "aes-gcm") {
    const cipher = createCipheriv(gcmOf(key), key, iv, { authTagLength: tagBytes });
    for await (const chunk of body) yield cipher.update(chunk);
    yield Buffer.concat([cipher.final(), cipher.getAuthTag()]);
    return;
  }
  const cipher = createCipheriv(`aes-${8 * key.length}-${mode === "aes-ctr" ? "ctr" : "cbc"}`, key, iv);
  for await (const chunk of body) {
    const out = cipher.update(chunk);
    if (0 < out.length) yield out;
  }
  const last = cipher.final();
  if (0 < last.length) yield last;
}

/**
 * The whole file from its beginning. What has been yielded counts only when the iteration ends without an error: GCM
 * proves at its end that nothing was changed.
 *
 * @throws NotDecryptable
 */
export async function* decrypt({ mode, key, iv }: FileCipher, file: ServedBytes): AsyncGenerator<Uint8Array> {
  if (mode !== "aes-gcm") {
    const opened = await openEncrypted({ mode, key, iv }, file);
    yield* await opened.read({ from: 0, to: opened.sizeBytes });
    return;
  }
  const to = file.sizeBytes - tagBytes;
  if (to < 0) throw new NotDecryptable("the file is shorter than the tag that must be at its end");
  const decipher = createDecipheriv(gcmOf(key), key, iv, { authTagLength: tagBytes });
  decipher.setAuthTag(await gather(file, { from: to, to: file.sizeBytes }));
  if (0 < to) {
    for await (const chunk of await file.read({ from: 0, to })) yield decipher.update(chunk);
  }
  try {
    decipher.final();
  } catch (cause) {
    throw new NotDecryptable("the tag does not fit the file", { cause });
  }
}

/**
 * The plain bytes of an encrypted file, by ranges: of each only the blocks that hold it are read.
 *
 * @throws NotDecryptable where the padding is not what it must be
 */
export async function openEncrypted(
  { mode, key, iv }: FileCipher & { mode: Exclude<CipherMode, "aes-gcm"> },
  file: ServedBytes,
): Promise<ServedBytes> {
  if (mode === "aes-ctr") {
    return { sizeBytes: file.sizeBytes, read: async (range) => readCounted({ key, iv }, file, range) };
  }
  const sizeBytes = file.sizeBytes - (await paddingOf({ key, iv }, file));
  return { sizeBytes, read: async (range) => readChained({ key, iv }, file, range) };
}

type KeyAndIv = Pick<FileCipher, "key" | "iv">;

async function readCounted({ key, iv }: KeyAndIv, file: ServedBytes, { from, to }: ByteRange) {
  const skip = from % blockBytes;
  const counter = plus(iv, BigInt((from - skip) / blockBytes));
  const decipher = createDecipheriv(`aes-${8 * key.length}-ctr`, key, counter);
  decipher.update(new Uint8Array(skip));
  return from < to ? deciphered(decipher, await file.read({ from, to })) : nothing();
}

/** A block of CBC needs the one before it. Padding is never among what is asked for. */
async function readChained({ key, iv }: KeyAndIv, file: ServedBytes, { from, to }: ByteRange) {
  if (to <= from) return nothing();
  const first = from - (from % blockBytes);
  const end = Math.ceil(to / blockBytes) * blockBytes;
  const before = first === 0 ? iv : await gather(file, { from: first - blockBytes, to: first });
  const decipher = createDecipheriv(`aes-${8 * key.length}-cbc`, key, before).setAutoPadding(false);
  return cut(deciphered(decipher, await file.read({ from: first, to: end })), from - first, to - from);
}

async function paddingOf({ key, iv }: KeyAndIv, file: ServedBytes): Promise<number> {
  const { sizeBytes } = file;
  if (sizeBytes === 0 || sizeBytes % blockBytes !== 0) {
    throw new NotDecryptable("the size is no multiple of 16 bytes, as that of files in CBC is");
  }
  const last = await gather(file, { from: Math.max(0, sizeBytes - 2 * blockBytes), to: sizeBytes });
  const before = sizeBytes === blockBytes ? iv : last.subarray(0, blockBytes);
  const decipher = createDecipheriv(`aes-${8 * key.length}-cbc`, key, before).setAutoPadding(false);
  const plain = decipher.update(last.subarray(-blockBytes));
  const count = plain[blockBytes - 1]!;
  const isPadding = 1 <= count && count <= blockBytes && plain.subarray(-count).every((byte) => byte === count);
  if (!isPadding) throw new NotDecryptable("the padding at the end is not that of PKCS#7");
  return count;
}

async function* deciphered(decipher: Decipheriv, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const out = decipher.update(chunk);
    if (0 < out.length) yield out;
  }
}

async function* cut(body: AsyncIterable<Uint8Array>, skip: number, length: number): AsyncGenerator<Uint8Array> {
  let at = -skip;
  for await (const chunk of body) {
    const part = chunk.subarray(Math.max(0, -at), Math.min(chunk.length, length - at));
    at += chunk.length;
    if (0 < part.length) yield part;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Of a few bytes. */
async function gather(file: ServedBytes, range: ByteRange): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await file.read(range)) chunks.push(Uint8Array.from(chunk));
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== range.to - range.from) throw new NotDecryptable("the file is shorter than it was");
  return bytes;
}

/** The counter of CTR is the whole block, and wraps around. */
function plus(iv: Uint8Array, blocks: bigint): Buffer {
  const sum = (BigInt(`0x${Buffer.from(iv).toString("hex")}`) + blocks) & ((1n << 128n) - 1n);
  return Buffer.from(sum.toString(16).padStart(32, "0"), "hex");
}

function gcmOf(key: Uint8Array): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  return `aes-${8 * key.length}-gcm` as "aes-128-gcm";
}
