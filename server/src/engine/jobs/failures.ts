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

/** The role is missing, or is another's. */
export function roleNotAssumable(role: string, trouble: "no such role" | "not trusted"): Failure {
  const why =
    trouble === "no such role"
      ? "there is no such role"
      : "its trust policy does not let elastictranscoder.amazonaws.com assume it";
  return { code: 2000, sentence: `The pipeline's role could not be assumed: role=${role}, ${why}.` };
}

export function notReadable({ bucket, key }: ObjectRef, role: string, reason: string): Failure {
  return {
    code: 3003,
    sentence: `The specified object could not be read for want of permission: bucket=${bucket}, key=${key}, role=${role}, ${reason}.`,
  };
}

export function notWritable({ bucket, key }: ObjectRef, role: string, reason: string): Failure {
  return {
    code: 3004,
    sentence: `The specified object could not be written for want of permission: bucket=${bucket}, key=${key}, role=${role}, ${reason}.`,
  };
}

/** S3's encryption under a KMS key. */
export function notWritableUnderKey({ bucket, key }: ObjectRef, role: string, reason: string): Failure {
  return {
    code: 3006,
    sentence: `The specified object could not be written under the pipeline's KMS key: bucket=${bucket}, key=${key}, role=${role}, ${reason}.`,
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

/** `what`: "input 'KEY'". */
export function notDecryptable(what: string, reason: string): Failure {
  return { code: 4016, sentence: `The file could not be decrypted: ${what}, ${reason}.` };
}

export function keyOfWrongLength(what: string, bytes: number, lengths: readonly number[]): Failure {
  const allowed = lengths.map((length) => 8 * length).join(", ");
  return {
    // A key that may have one length only is that of HLS content.
    code: lengths.length === 1 ? 4020 : 4017,
    sentence: `The AES key of ${what} has ${8 * bytes} bits; it must have ${allowed}.`,
  };
}

export function keyNotDecrypted(what: string, reason: string): Failure {
  return { code: 4018, sentence: `The key of ${what} could not be decrypted: ${sentenceOf(reason)}` };
}

export function keyNotGenerated(what: string, reason: string): Failure {
  return { code: 4019, sentence: `A data key for ${what} could not be generated: ${sentenceOf(reason)}` };
}

export function keyDamaged(what: string): Failure {
  return { code: 1000, sentence: `The KeyMd5 of ${what} is not the digest of its Key.` };
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

function sentenceOf(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
