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
 * `sealed`: the bytes of `sealedRange`, in chunks that are lent: they are written in. `lend`: what comes out is lent, too, and
 * in larger pieces. @throws DamagedBytes at the latest in the place of the first frame that is not as it was sealed
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

  /** All of a frame, in memory of its own. */
  function openWhole(frame: Uint8Array): Uint8Array<ArrayBuffer> {
    const decipher = createDecipheriv("aes-256-gcm", own, nonceOf(index++), { authTagLength: tagBytes });
    const body = frame.length - tagBytes;
    decipher.setAuthTag(frame.subarray(body));
    const opened = decipher.update(frame.subarray(0, body));
    missing -= frame.length;
    try {
      decipher.final();
    } catch (cause) {
      throw new DamagedBytes(`blob ${blob} is damaged in its bytes from ${(index - 1) * frameBytes} on`, { cause });
    }
    return opened;
  }

  /** What is wanted of the frame that was opened last. */
  function wantedOf(opened: Uint8Array): Uint8Array {
    const start = (index - 1) * frameBytes;
    return opened.subarray(Math.max(0, range.from - start), Math.max(0, range.to - start));
  }

  const gathered = Buffer.allocUnsafe(sealedFrameBytes);
  let gatheredBytes = 0;
  for await (const chunk of sealed) {
    let at = 0;
    /** What was opened lies at the chunk's beginning, where what was sealed was longer. */
    let openedBytes = 0;
    while (at < chunk.length && 0 < missing) {
      const frameSize = Math.min(sealedFrameBytes, missing);
      const isWhole = gatheredBytes === 0 && frameSize <= chunk.length - at;
      const piece = chunk.subarray(at, at + frameSize - gatheredBytes);
      at += piece.length;
      if (!isWhole) {
        gathered.set(piece, gatheredBytes);
        gatheredBytes += piece.length;
        if (gatheredBytes < frameSize) break;
        gatheredBytes = 0;
      }
      const opened = openWhole(isWhole ? piece : gathered.subarray(0, frameSize));
      const wanted = wantedOf(opened);
      if (isWhole && lend) {
        chunk.set(wanted, openedBytes);
        openedBytes += wanted.length;
        freeNow(opened);
      } else if (0 < wanted.length) yield wanted;
    }
    if (0 < openedBytes) yield chunk.subarray(0, openedBytes);
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
