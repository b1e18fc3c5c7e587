/**
 * A client for somebody else's S3, set so that servers other than AWS understand it too.
 */
import { S3Client } from "@aws-sdk/client-s3";

export type S3Access = {
  /** `undefined`: AWS itself. */
  endpoint?: string;
  region: string;
  /** `undefined`: the AWS SDK's own chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** `/bucket/key` instead of `bucket.host/key`. */
  forcePathStyle?: boolean;
  /** How long a request may wait for the beginning of its answer. A body may then come as slowly as it is read. */
  answerMs?: number;
};

/** A server may copy gigabytes before it says a word; but one that says nothing at all must not hold a job for ever. */
const patienceMs = 5 * 60_000;

export function openS3Client(access: S3Access): S3Client {
  const { endpoint, region, credentials, forcePathStyle, answerMs = patienceMs } = access;
  return new S3Client({
    region,
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: answerMs, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: forcePathStyle ?? true }),
    ...(credentials === undefined ? {} : { credentials }),
    // Older servers know neither trailers nor CRC headers; where they are needed the SDK sends them all the same.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** The HTTP status and code of what the SDK threw; both empty when no server answered. */
export function answerOf(error: unknown): { status: number | undefined; code: string } {
  if (!(error instanceof Error)) return { status: undefined, code: "" };
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { status: $metadata?.httpStatusCode, code: error.name };
}

export function isNotFound(error: unknown): boolean {
  const { status, code } = answerOf(error);
  return code === "NoSuchKey" || code === "NotFound" || (status === 404 && code !== "NoSuchBucket");
}

/** `bytes=a-b` of a half-open range. */
export function rangeHeader({ from, to }: { from: number; to: number }): string {
  return `bytes=${from}-${to - 1}`;
}
