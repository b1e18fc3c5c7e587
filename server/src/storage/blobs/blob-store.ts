/**
 * Where bytes lie. Adapters: fs-store.ts (a folder) and s3-store.ts (any S3); blob-store.contract.ts in the tests holds
 * every adapter to what is said here.
 */
import type { Closeable } from "../../base/lifetime.ts";
import type { Chunks } from "./until-aborted.ts";

/** Segments of `[A-Za-z0-9._-]` joined by `/`; no segment is `.` or `..`; at most 512 characters. */
export type BlobKey = string;

/** Half-open, in bytes: `[from, to)`. */
export type ByteRange = { from: number; to: number };

export type BlobInfo = { key: BlobKey; sizeBytes: number };

export interface BlobStore extends Closeable {
  /**
   * Resolves when the bytes are durable; no reader ever sees half of them. Replaces what was there.
   * When `body` throws or `signal` aborts, nothing is stored and the cause is thrown. A chunk of `body` is looked at
   * until the next one is asked for, and then its memory may be used again.
   */
  put(key: BlobKey, body: Chunks | Uint8Array, options?: { signal?: AbortSignal }): Promise<{ sizeBytes: number }>;
  /**
   * `undefined`: no such blob. A range past the end is clipped. Whoever asks reads to the end or calls `return()`.
   * `lend`: a chunk is the reader's, to write in as well, until the next one is asked for; then its memory is used again.
   */
  get(key: BlobKey, range?: ByteRange, options?: { lend?: boolean }): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** `undefined`: no such blob. */
  size(key: BlobKey): Promise<number | undefined>;
  /** In byte order of the keys; what is put or deleted meanwhile may or may not appear. */
  list(prefix: string): AsyncIterable<BlobInfo>;
  /** Deleting what is not there is no error. */
  delete(key: BlobKey): Promise<void>;
}
