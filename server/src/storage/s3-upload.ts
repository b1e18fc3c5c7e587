/**
 * A stream of unknown length as one object of somebody else's S3.
 */
import { Readable } from "node:stream";
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { gather } from "./blobs/gather.ts";
import { type Chunks, untilAborted } from "./blobs/until-aborted.ts";

/** `partBytes`: a body up to here is one PUT; beyond it, two parts of this size are under way at a time. */
export type UploadOptions = { partBytes: number; signal?: AbortSignal };

/**
 * Memory is a few parts, however long the body is. What fails or aborts leaves neither object nor parts behind.
 *
 * @throws what the body threw, the signal's reason, or the SDK's error
 */
export async function uploadStream(
  client: S3Client,
  object: PutObjectCommandInput & { Body?: never },
  body: Chunks,
  { partBytes, signal }: UploadOptions,
): Promise<{ sizeBytes: number }> {
  let sizeBytes = 0;
  let broken: { cause: unknown } | undefined;
  async function* counted() {
    try {
      for await (const chunk of gather(untilAborted(body, signal), partBytes)) {
        sizeBytes += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      broken = { cause };
      throw cause;
    }
  }
  const chunks = counted();
  const aborting = new AbortController();
  const abort = () => aborting.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    // The most common body is smaller than a part: it needs neither the three calls nor their memory.
    const first = await chunks.next();
    const second = first.done ? first : await chunks.next();
    if (second.done) {
      const Body = first.done ? new Uint8Array() : first.value;
      await client.send(new PutObjectCommand({ ...object, Body }), { abortSignal: aborting.signal });
      return { sizeBytes };
    }
    async function* all() {
      yield first.value as Uint8Array;
      yield second.value as Uint8Array;
      yield* chunks;
    }
    const params = { ...object, Body: Readable.from(all(), { objectMode: false }) };
    await new Upload({ client, params, partSize: partBytes, queueSize: 2, abortController: aborting }).done();
    return { sizeBytes };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    // A server that cannot abort an upload must not hide why it was to be aborted.
    throw broken === undefined ? error : broken.cause;
  } finally {
    signal?.removeEventListener("abort", abort);
    chunks.return(undefined).catch(() => {});
  }
}
