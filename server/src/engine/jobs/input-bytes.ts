/**
 * A job's input as FFmpeg reads it: ranges of an object, with a note of what the bucket did wrong.
 */
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import { BucketError, type BucketStore, type ObjectHead, type ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { ServedBytes } from "../ffmpeg/range-server.ts";
import { mayPass, retrying } from "./retrying.ts";

export class InputBytes implements ServedBytes {
  readonly sizeBytes: number;
  readonly #buckets: BucketStore;
  readonly #object: ObjectRef;
  #failure: BucketError | undefined;

  constructor(buckets: BucketStore, object: ObjectRef & Pick<ObjectHead, "sizeBytes">) {
    this.#buckets = buckets;
    this.#object = object;
    this.sizeBytes = object.sizeBytes;
  }

  /** What the bucket answered where it should have given bytes: then FFmpeg's own complaint is not the cause. */
  get failure(): BucketError | undefined {
    return this.#failure;
  }

  /** Notes what the bucket does wrong: FFmpeg itself hangs up whenever it seeks, and that is no failure. */
  async read(range: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    const { bucket, key } = this.#object;
    try {
      const body = await retrying(() => this.#buckets.read({ bucket, key }, range), mayPass);
      if (body === undefined) throw new BucketError("failed", `the input is gone: ${bucket}/${key}`);
      return this.#noting(body);
    } catch (error) {
      throw this.#note(error);
    }
  }

  async *#noting(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#note(error);
    }
  }

  #note(error: unknown): BucketError {
    const cause = error instanceof BucketError ? error : undefined;
    this.#failure = cause ?? new BucketError("failed", "the input broke off", { cause: error });
    return this.#failure;
  }
}
