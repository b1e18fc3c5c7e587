/**
 * A blob's bytes, sealed so that any range of them can be opened by itself: frames of 64 KiB under AES-256-GCM, each
 * followed by its tag.
 *
 * Every blob has a key of its own, derived by HKDF from the data key and the blob's name, which is used once; the nonce
 * counts the frames. So no two frames share key and nonce, and none can stand in another's place. The last frame is
 * always shorter than the others, if need be empty: what ends with a whole frame was cut off. Nothing is handed out
 * before its tag was found to be right.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { freeNow } from "../../base/free-now.ts";
import type { ByteRange } from "../blobs/blob-store.ts";
import type { SealingKey } from "../keys/xaes.ts";

export const frameBytes = 64 * 1024;
const tagBytes = 16;
const sealedFrameBytes = frameBytes + tagBytes;

/** Stored bytes that are not what was stored: changed, cut off, or of another blob. */
export class DamagedBytes extends Error {
  override readonly name = "DamagedBytes";
}

/** Takes chunks of any size and keeps none of them. A piece may be looked at until the next one is asked for. */
export async function* sealFrames(
  key: SealingKey,
  blob: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const own = keyOf(key, blob);
  let index = 0;
  let left = frameBytes;
  let cipher = createCipheriv("aes-256-gcm", own, nonceOf(index));
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + left);
      at += piece.length;
      left -= piece.length;
      const sealed = cipher.update(piece);
      yield sealed;
      freeNow(sealed);
      if (0 < left) continue;
      cipher.final();
      yield cipher.getAuthTag();
      cipher = createCipheriv("aes-256-gcm", own, nonceOf(++index));
      left = frameBytes;
    }
  }
  cipher.final();
  yield cipher.getAuthTag();
}

/** What must be read of a blob to open a range, not empty, of the `sizeBytes` that were sealed. */
export function sealedRange(sizeBytes: number, { from, to }: ByteRange): ByteRange {
  const first = Math.floor(from / frameBytes);
  // Whoever reads to the end wants to know that it is the end.
  const last = to === sizeBytes ? Math.floor(sizeBytes / frameBytes) : Math.floor((to - 1) / frameBytes);
  const end = sizeBytes + tagBytes * (Math.floor(sizeBytes / frameBytes) + 1);
  return { from: first * sealedFrameBytes, to: Math.min((last + 1) * sealedFrameBytes, end) };
}

/**
 * `sealed`: the bytes of `sealedRange`, in chunks that may be lent. `lend`: so is what comes out. @throws DamagedBytes in the place of the first frame
 * that is not as it was sealed
 */
export async function* openFrames(
  key: SealingKey,
  blob: string,
  sizeBytes: number,
  range: ByteRange,
  sealed: AsyncIterable<Uint8Array>,
  { lend = false }: { lend?: boolean } = {},
): AsyncGenerator<Uint8Array> {
  const own = keyOf(key, blob);
  const expected = sealedRange(sizeBytes, range);
  let index = expected.from / sealedFrameBytes;
  let missing = expected.to - expected.from;

  function open(frame: Uint8Array): Uint8Array<ArrayBuffer> {
    const decipher = createDecipheriv("aes-256-gcm", own, nonceOf(index++), { authTagLength: tagBytes });
    const body = frame.length - tagBytes;
    decipher.setAuthTag(frame.subarray(body));
    const opened = decipher.update(frame.subarray(0, body));
    try {
      decipher.final();
    } catch (cause) {
      throw new DamagedBytes(`blob ${blob} is damaged in its bytes from ${(index - 1) * frameBytes} on`, { cause });
    }
    return opened;
  }

  const gathered = Buffer.allocUnsafe(sealedFrameBytes);
  let gatheredBytes = 0;
  for await (const chunk of sealed) {
    for (let at = 0; at < chunk.length && 0 < missing; ) {
      const wanted = Math.min(sealedFrameBytes, missing);
      let frame: Uint8Array;
      if (gatheredBytes === 0 && wanted <= chunk.length - at) {
        frame = chunk.subarray(at, at + wanted);
        at += wanted;
      } else {
        const piece = chunk.subarray(at, at + wanted - gatheredBytes);
        gathered.set(piece, gatheredBytes);
        gatheredBytes += piece.length;
        at += piece.length;
        if (gatheredBytes < wanted) continue;
        gatheredBytes = 0;
        frame = gathered.subarray(0, wanted);
      }
      missing -= wanted;
      const start = index * frameBytes;
      const opened = open(frame);
      const wantedBytes = opened.subarray(Math.max(0, range.from - start), Math.max(0, range.to - start));
      if (0 < wantedBytes.length) yield wantedBytes;
      if (lend) freeNow(opened);
    }
  }
  if (0 < missing) throw new DamagedBytes(`blob ${blob} is cut off`);
}

function keyOf({ bytes }: SealingKey, blob: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", bytes, "", `millrace blob\0${blob}`, 32));
}

function nonceOf(index: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, index);
  return nonce;
}
