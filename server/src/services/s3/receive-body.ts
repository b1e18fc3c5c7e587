/**
 * Takes in the body of PutObject, UploadPart and a posted form, and checks it against what the request said of it.
 */
import type { Sealing } from "../../storage/buckets/object-keys.ts";
import { BodyTooLarge, type Received, Vanished } from "../../storage/buckets/object-store.ts";
import type { Bytes } from "../operation.ts";
import { type Algorithm, checkReceived, type Expected } from "./checksums.ts";
import type { Call } from "./context.ts";
import { entityTooLarge, noSuchBucket, noSuchUpload } from "./errors.ts";

/** Of one PUT: an object or a part. */
export const maxPutBytes = 5 * 1024 ** 3;

export type ReceiveBody = {
  expected: Expected;
  /** Computed beside those that the client asked for. */
  algorithm?: Algorithm;
  part?: { uploadId: string; number: number };
  sealing?: Sealing;
};

/** Runs `commit` on what came in; unless it succeeds, the bytes are let go. */
export async function receiveBody<T>(
  ctx: Call,
  body: Bytes | undefined,
  { expected, algorithm, part, sealing }: ReceiveBody,
  commit: (received: Received) => Promise<T>,
): Promise<T> {
  const length = Number(ctx.header("x-amz-decoded-content-length") ?? ctx.header("content-length") ?? 0);
  if (maxPutBytes < length) throw entityTooLarge(length, maxPutBytes);
  const checksums = [...new Set([...expected.algorithms, ...(algorithm === undefined ? [] : [algorithm])])];
  const received = await ctx.objects
    .receive(body ?? nothing(), { checksums, maxBytes: maxPutBytes, signal: ctx.signal, part, sealing })
    .catch((error) => {
      throw error instanceof BodyTooLarge ? entityTooLarge(maxPutBytes + 1, maxPutBytes) : error;
    });
  return orDiscard(ctx, received, async () => {
    checkReceived(received, expected);
    return commit(received);
  });
}

/** The bytes belong to whoever commits them; when nobody does, they are let go. */
export async function orDiscard<T>(ctx: Call, received: Received, commit: () => Promise<T>): Promise<T> {
  try {
    return await commit();
  } catch (error) {
    await ctx.objects.discard(received);
    throw error;
  }
}

/** Who deletes a bucket or ends an upload while bytes are on their way to it wins. */
export async function namingVanished<T>(names: { bucket: string; uploadId?: string }, commit: Promise<T>): Promise<T> {
  try {
    return await commit;
  } catch (error) {
    if (error instanceof Vanished && error.what === "bucket") throw noSuchBucket(names.bucket);
    if (error instanceof Vanished && error.what === "upload") throw noSuchUpload(names.uploadId ?? "");
    throw error;
  }
}

export async function* nothing(): AsyncGenerator<Uint8Array> {}
