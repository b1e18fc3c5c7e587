/**
 * XAES-256-GCM: AES-256-GCM whose key is derived anew from the first half of a nonce of 192 random bits.
 *
 * Why not plain AES-GCM: its 96 bits are too few to draw at random for ever, and counting them would need a counter that
 * survives crashes and is shared by processes. 192 random bits repeat under one key with a chance below 2^-32 after 2^80
 * messages, whoever draws them and however often they started anew.
 *
 * @see https://c2sp.org/XAES-256-GCM
 */
import { type Cipheriv, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { freeNow } from "../../base/free-now.ts";
import type { Random } from "../../base/random.ts";

const nonceBytes = 24;
const tagBytes = 16;

/** How much longer sealed bytes are: the nonce before them and the tag after them. */
export const sealingBytes = nonceBytes + tagBytes;

/** A key of 32 bytes, made ready. */
export type SealingKey = {
  readonly bytes: Uint8Array;
  /** AES of single blocks, which keeps no state from one to the next. */
  readonly blockCipher: Cipheriv;
  /** What a message's key is derived from: two blocks, which lack only the nonce. */
  readonly derivation: Uint8Array;
};

/** OpenSSL is asked for this much at a time: larger outputs would come from memory that the kernel must clear first. */
const stepBytes = 1 << 16;
const gathered = new Uint8Array(stepBytes);
/** After so many others get their turn: one or two milliseconds' work. */
const breathBytes = 1 << 20;

export function sealingKey(bytes: Uint8Array): SealingKey {
  if (bytes.length !== 32) throw new RangeError(`a key of 32 bytes is needed, not of ${bytes.length}`);
  const blockCipher = createCipheriv("aes-256-ecb", bytes, null).setAutoPadding(false);
  const mask = blockCipher.update(new Uint8Array(16));
  const carry = mask[0]! >> 7;
  for (let at = 0; at < 16; at++) mask[at] = ((mask[at]! << 1) | ((mask[at + 1] ?? 0) >> 7)) & 0xff;
  mask[15]! ^= carry * 0x87;

  // CMAC in counter mode over the label "X" and the nonce's first half.
  const derivation = new Uint8Array(32);
  for (const counter of [1, 2]) {
    const block = derivation.subarray(16 * counter - 16, 16 * counter);
    block.set([0, counter, 0x58, 0]);
    for (let at = 0; at < 16; at++) block[at]! ^= mask[at]!;
  }
  return { bytes, blockCipher, derivation };
}

/** Nonce, ciphertext and tag, in this order. A piece may be looked at until the next one is asked for. */
export function* sealInSteps(
  key: SealingKey,
  chunks: Iterable<Uint8Array>,
  about: string,
  random: Random,
): Generator<Uint8Array> {
  const nonce = random(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", deriveKey(key, nonce), nonce.subarray(12));
  cipher.setAAD(Buffer.from(about));
  yield nonce;
  for (const step of stepsOf(chunks)) {
    const sealed = cipher.update(step);
    yield sealed;
    freeNow(sealed);
  }
  cipher.final();
  yield cipher.getAuthTag();
}

/** For small things. */
export function sealBytes(key: SealingKey, bytes: Uint8Array, about: string, random: Random): Uint8Array {
  const nonce = random(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", deriveKey(key, nonce), nonce.subarray(12));
  cipher.setAAD(Buffer.from(about));
  const sealed = Buffer.allocUnsafe(sealingBytes + bytes.length);
  sealed.set(nonce);
  const ciphertext = cipher.update(bytes);
  sealed.set(ciphertext, nonceBytes);
  freeNow(ciphertext);
  cipher.final();
  sealed.set(cipher.getAuthTag(), nonceBytes + bytes.length);
  return sealed;
}

/** What was sealed, or `undefined` when any bit of it, of `about` or of the key is another one. */
export async function openSealed(key: SealingKey, sealed: Uint8Array, about: string): Promise<Uint8Array | undefined> {
  if (sealed.length <= stepBytes) return openBytes(key, sealed, about);
  const decipher = decipherOf(key, sealed, about);
  const opened = Buffer.allocUnsafe(sealed.length - sealingBytes);
  let at = 0;
  let sinceBreath = 0;
  for (const step of stepsOf([sealed.subarray(nonceBytes, -tagBytes)])) {
    const piece = decipher.update(step);
    at += piece.copy(opened, at);
    freeNow(piece);
    sinceBreath += step.length;
    if (sinceBreath < breathBytes) continue;
    await setImmediate();
    sinceBreath = 0;
  }
  return endsWell(decipher) ? opened : undefined;
}

/** The same for small things: it holds up everything else meanwhile. */
export function openBytes(key: SealingKey, sealed: Uint8Array, about: string): Uint8Array | undefined {
  if (sealed.length < sealingBytes) return undefined;
  const decipher = decipherOf(key, sealed, about);
  const opened = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  return endsWell(decipher) ? opened : undefined;
}

function decipherOf(key: SealingKey, sealed: Uint8Array, about: string): DecipherGCM {
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", deriveKey(key, nonce), nonce.subarray(12));
  decipher.setAAD(Buffer.from(about));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return decipher;
}

/** Only then may anybody see what was opened. */
function endsWell(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}

/** Small chunks together, large ones in parts, without a copy where one is not needed. A step is gone with the next wait. */
function* stepsOf(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let gatheredBytes = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + stepBytes - gatheredBytes);
      at += part.length;
      if (part.length === stepBytes) {
        yield part;
        continue;
      }
      gathered.set(part, gatheredBytes);
      gatheredBytes += part.length;
      if (gatheredBytes < stepBytes) continue;
      yield gathered;
      gatheredBytes = 0;
    }
  }
  if (0 < gatheredBytes) yield gathered.subarray(0, gatheredBytes);
}

function deriveKey({ blockCipher, derivation }: SealingKey, nonce: Uint8Array): Uint8Array {
  const blocks = derivation.slice();
  for (let at = 0; at < 12; at++) {
    blocks[4 + at]! ^= nonce[at]!;
    blocks[20 + at]! ^= nonce[at]!;
  }
  return blockCipher.update(blocks);
}
