/**
 * Users' buckets as jobs see them: the built-in S3 service's (built-in-buckets.ts: rows and blobs) or those of an
 * external S3 (external-buckets.ts, `--buckets https://…`).
 *
 * Not here: the S3 API itself (services/s3).
 */
import type { Closeable } from "../../base/lifetime.ts";
import type { ByteRange } from "../blobs/blob-store.ts";

export type ObjectRef = { bucket: string; key: string };

export type ObjectHead = {
  sizeBytes: number;
  etag: string;
  contentType: string;
  modifiedAt: number;
  /** Of an object under a KMS key of ours: who reads it must be let use that too, in this encryption context. */
  kms?: { keyArn: string; context: Readonly<Record<string, string>> };
};

/** `keyId`: in any form that KMS knows; default: S3's own key. `context`: bound to the data key as well. */
export type WriteEncryption =
  | { mode: "AES256" }
  | { mode: "aws:kms"; keyId?: string; bucketKey?: boolean; context?: Readonly<Record<string, string>> };

export type WriteOptions = {
  contentType: string;
  /** S3's own names; default `STANDARD`. */
  storageClass?: string;
  /** The user's own, by lower-case name. */
  metadata?: Readonly<Record<string, string>>;
  /** Default: as the bucket says. */
  encryption?: WriteEncryption;
  signal?: AbortSignal;
};

/** A bucket that cannot be used as asked. `kind` decides the job's status code (3000, 3003, 3004, 3005). */
export class BucketError extends Error {
  override readonly name = "BucketError";
  readonly kind: "no-bucket" | "access-denied" | "failed";
  constructor(kind: "no-bucket" | "access-denied" | "failed", message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Every method throws `BucketError` when the bucket is missing, refuses, or cannot be reached. */
export interface BucketStore extends Closeable {
  bucketExists(bucket: string): Promise<boolean>;
  /** `undefined`: no such object. */
  head(object: ObjectRef): Promise<ObjectHead | undefined>;
  /** `undefined`: no such object. */
  read(object: ObjectRef, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Durable when it resolves; replaces what was there; nobody sees half of it. */
  write(object: ObjectRef, body: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<ObjectHead>;
  /**
   * Gives an object its final key, replacing what was there. `missing`: no object at `from`.
   * Safe to repeat after a crash: a second run of a finished move answers `missing`.
   */
  move(from: ObjectRef, toKey: string): Promise<"moved" | "missing">;
  /** Keys in byte order. */
  list(bucket: string, prefix: string): AsyncIterable<string>;
  delete(object: ObjectRef): Promise<void>;
}
