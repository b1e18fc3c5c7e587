/**
 * Why an output or a playlist failed, in the codes and sentences that the API documents.
 *
 * Not here: what FFmpeg makes of a file (4000 and its neighbours; engine/ffmpeg).
 *
 * @see Developer guide, "Viewing Job Status", error codes
 */
import { uuid } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { BucketError, type ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { Failure } from "../ffmpeg/transcode.types.ts";

/** As StatusDetail has it; the id is this failure's own, to find it in the log. */
export function statusDetail({ code, sentence }: Failure, random: Random): string {
  return `${code} ${uuid(random)}: ${sentence}`;
}

export const dependencyFailed: Failure = {
  code: 1001,
  sentence:
    "Amazon Elastic Transcoder could not generate the playlist because it encountered an error with one or more of the playlists dependencies.",
};

export function objectMissing({ bucket, key }: ObjectRef): Failure {
  return {
    code: 3001,
    sentence: `The specified object does not exist in the specified S3 bucket: bucket=${bucket}, key=${key}.`,
  };
}

export function objectExists({ bucket, key }: ObjectRef): Failure {
  return {
    code: 3002,
    sentence: `The specified object could not be saved in the specified bucket because an object by that name already exists: bucket=${bucket}, key=${key}.`,
  };
}

export function bucketMissing(bucket: string): Failure {
  return { code: 3005, sentence: `The specified S3 bucket does not exist: bucket=${bucket}.` };
}

/**
 * A bucket's error as the end of an output.
 *
 * @throws the error itself when it is none of a bucket's, or when it may pass and the job `canRepeat`: an hour of encoding
 * should not end with a storage that was away for a minute
 */
export function failureOf(
  error: unknown,
  { bucket, key }: ObjectRef,
  doing: "read" | "write",
  canRepeat: boolean,
): Failure {
  if (!(error instanceof BucketError)) throw error;
  const where = `bucket=${bucket}, key=${key}`;
  const done = doing === "read" ? "read" : "written";
  switch (error.kind) {
    case "no-bucket":
      return bucketMissing(bucket);
    case "access-denied": {
      const code = doing === "read" ? 3003 : 3004;
      return { code, sentence: `The specified object could not be ${done} for want of permission: ${where}.` };
    }
    case "failed":
      if (canRepeat) throw error;
      return { code: 3000, sentence: `The storage failed while an object was ${done}: ${where}.` };
  }
}

export function inputTooLarge({ bucket, key }: ObjectRef, sizeBytes: number, maxBytes: number): Failure {
  return {
    code: 4002,
    sentence: `The input file is larger than allowed: bucket=${bucket}, key=${key}, size=${sizeBytes}, max size=${maxBytes}.`,
  };
}

export function auxiliaryTooLarge({ bucket, key }: ObjectRef, sizeBytes: number, maxBytes: number): Failure {
  return {
    code: 4005,
    sentence: `A file that the job uses is larger than allowed: bucket=${bucket}, key=${key}, size=${sizeBytes}, max size=${maxBytes}.`,
  };
}

export function watermarkUnnamed(outputKey: string): Failure {
  return { code: 1000, sentence: `A watermark of output '${outputKey}' has no PresetWatermarkId or no InputKey.` };
}

export function temporaryLost({ bucket, key }: ObjectRef): Failure {
  return { code: 3000, sentence: `A finished file was gone before it got its key: bucket=${bucket}, key=${key}.` };
}

export function triedTooOften(attempts: number): Failure {
  return { code: 9000, sentence: `The job was tried ${attempts} times, and each time its worker died or failed.` };
}
