/**
 * A body on its way in: counted, hashed, sealed and laid down in one pass.
 */
import { type ChecksumName, createChecksum } from "../../base/checksums.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { untilAborted } from "../blobs/until-aborted.ts";
import { sealBytes } from "../keys/xaes.ts";
import type { ChecksumValues, Encryption, ObjectBytes } from "../records/objects.ts";
import { sealFrames } from "./frames.ts";
import type { Sealing } from "./object-keys.ts";

export type Intake = {
  /** Beside the MD5, which is the ETag. */
  checksums?: readonly ChecksumName[];
  maxBytes?: number;
  signal?: AbortSignal;
  /** What the bytes are sealed under. `undefined`: they lie as they are. */
  sealing?: Sealing;
  random: Random;
  /** Bodies up to here stay in memory. -1: none. */
  inlineBytes: number;
  createBlob(): Promise<string>;
  discardBlob(blob: string): Promise<void>;
};

export type Received = {
  /** Of the body, not of what is sealed. */
  size: number;
  /** Hex. */
  md5: string;
  /** The MD5, or of what is sealed under a key of KMS or a customer chance, as S3's tells nothing of the bytes either. */
  etag: string;
  checksums: ChecksumValues;
  bytes: Exclude<ObjectBytes, { kind: "parts" }>;
  encryption?: Encryption;
};

/** What small bodies in rows are sealed about. */
export const aboutInline = "millrace object in a row";

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** Resolves after the body has ended well, which is when its signature is known to be right. @throws BodyTooLarge */
export async function receive(
  body: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  {
    checksums = [],
    maxBytes = Number.POSITIVE_INFINITY,
    signal,
    sealing,
    random,
    inlineBytes,
    createBlob,
    discardBlob,
  }: Intake,
): Promise<Received> {
  const md5 = createChecksum("md5");
  const sums = checksums.map((name) => [name, createChecksum(name)] as const);
  let size = 0;

  async function* counted() {
    for await (const chunk of untilAborted(body, signal)) {
      size += chunk.length;
      if (maxBytes < size) throw new BodyTooLarge(`more than ${maxBytes} bytes`);
      md5.update(chunk);
      for (const [, sum] of sums) sum.update(chunk);
      yield chunk;
    }
  }

  const received = (bytes: Received["bytes"]): Received => {
    const digest = md5.digestHex();
    const isTold = sealing === undefined || sealing.encryption.mode === "AES256";
    return {
      size,
      md5: digest,
      etag: isTold ? digest : Buffer.from(random(16)).toString("hex"),
      checksums: Object.fromEntries(sums.map(([name, sum]) => [name, sum.digestBase64()])),
      bytes,
      encryption: sealing?.encryption,
    };
  };

  const chunks = counted();
  try {
    const head: Uint8Array[] = [];
    while (size <= inlineBytes) {
      const { done, value } = await chunks.next();
      if (done) {
        const bytes = head.length === 1 ? head[0]! : Buffer.concat(head);
        return received({
          kind: "inline",
          bytes: sealing === undefined ? bytes : sealBytes(sealing.key, bytes, aboutInline, random),
        });
      }
      head.push(value);
    }
    const blob = await createBlob();
    try {
      const plain = headThenRest(head, chunks);
      await blobs.put(blob, sealing === undefined ? plain : sealFrames(sealing.key, blob, plain), { signal });
    } catch (error) {
      await discardBlob(blob);
      throw error;
    }
    return received({ kind: "blob", blob });
  } finally {
    await chunks.return();
  }
}

async function* headThenRest(head: Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head.splice(0);
  yield* rest;
}
