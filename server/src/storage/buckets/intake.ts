/**
 * A body on its way in: counted, hashed and laid down in one pass.
 */
import { type ChecksumName, createChecksum } from "../../base/checksums.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import { untilAborted } from "../blobs/until-aborted.ts";
import type { ChecksumValues, ObjectBytes } from "../records/objects.ts";

export type Intake = {
  /** Beside the MD5, which is the ETag. */
  checksums?: readonly ChecksumName[];
  maxBytes?: number;
  signal?: AbortSignal;
  /** Bodies up to here stay in memory. -1: none. */
  inlineBytes: number;
  createBlob(): Promise<string>;
  discardBlob(blob: string): Promise<void>;
};

export type Received = {
  size: number;
  /** Hex MD5. */
  etag: string;
  checksums: ChecksumValues;
  bytes: Exclude<ObjectBytes, { kind: "parts" }>;
};

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** Resolves after the body has ended well, which is when its signature is known to be right. @throws BodyTooLarge */
export async function receive(
  body: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  { checksums = [], maxBytes = Number.POSITIVE_INFINITY, signal, inlineBytes, createBlob, discardBlob }: Intake,
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

  const received = (bytes: Received["bytes"]): Received => ({
    size,
    etag: md5.digestHex(),
    checksums: Object.fromEntries(sums.map(([name, sum]) => [name, sum.digestBase64()])),
    bytes,
  });

  const chunks = counted();
  try {
    const head: Uint8Array[] = [];
    while (size <= inlineBytes) {
      const { done, value } = await chunks.next();
      if (done) return received({ kind: "inline", bytes: head.length === 1 ? head[0]! : Buffer.concat(head) });
      head.push(value);
    }
    const blob = await createBlob();
    try {
      await blobs.put(blob, headThenRest(head, chunks), { signal });
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
