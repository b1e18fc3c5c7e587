/**
 * A body on its way in: counted, hashed, sealed and laid down in one pass.
 */
import { hash } from "node:crypto";
import { type ChecksumName, createChecksum } from "../../base/checksums.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { untilAborted } from "../blobs/until-aborted.ts";
import { sealBytes } from "../keys/xaes.ts";
import type { ChecksumValues, Encryption, ObjectBytes } from "../records/objects.ts";
import { sealFrames } from "./frames.ts";
import { createMd5Stream, type Md5Stream } from "./md5-stream.ts";
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
  nameBlob(): string;
  /** Must be done before the blob is there. */
  enterBlob(blob: string): Promise<void>;
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
    nameBlob,
    enterBlob,
    discardBlob,
  }: Intake,
): Promise<Received> {
  const sums = checksums.map((name) => [name, createChecksum(name)] as const);
  let size = 0;
  /** Of what does not stay in memory. */
  let md5: Md5Stream | undefined;

  async function* counted() {
    for await (const chunk of untilAborted(body, signal)) {
      size += chunk.length;
      if (maxBytes < size) throw new BodyTooLarge(`more than ${maxBytes} bytes`);
      for (const [, sum] of sums) sum.update(chunk);
      const waiting = md5?.update(chunk);
      if (waiting !== undefined) await waiting;
      yield chunk;
    }
  }

  const received = (bytes: Received["bytes"], digest: string): Received => {
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
        const kept = sealing === undefined ? bytes : sealBytes(sealing.key, bytes, aboutInline, random);
        return received({ kind: "inline", bytes: kept }, hash("md5", bytes));
      }
      head.push(value);
    }
    const blob = nameBlob();
    const entered = enterBlob(blob);
    // Its failure is met where it is waited for.
    entered.catch(() => {});
    md5 = createMd5Stream();
    try {
      for (const chunk of head) await md5.update(chunk);
      const plain = headThenRest(head, chunks, entered);
      await blobs.put(blob, sealing === undefined ? plain : sealFrames(sealing.key, blob, plain), { signal });
      return received({ kind: "blob", blob }, await md5.digest());
    } catch (error) {
      md5.close();
      await entered.catch(() => {});
      await discardBlob(blob);
      throw error;
    }
  } finally {
    await chunks.return();
  }
}

/** Ends when `entered` has come true, which nobody waits for before. */
async function* headThenRest(
  head: Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
  entered: Promise<void>,
): AsyncGenerator<Uint8Array> {
  yield* head.splice(0);
  yield* rest;
  await entered;
}
