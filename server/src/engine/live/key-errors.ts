/**
 * What PutMedia's acknowledgements and GetMedia's tags call the troubles of a KMS key.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, API_dataplane_PutMedia and API_dataplane_GetMedia
 */
import type { KeyFailure, KeyProblem } from "../../storage/keys/key-store.ts";

export const keyErrors = {
  KMS_KEY_ACCESS_DENIED: 4500,
  KMS_KEY_DISABLED: 4501,
  KMS_KEY_VALIDATION_ERROR: 4502,
  KMS_KEY_UNAVAILABLE: 4503,
  KMS_KEY_INVALID_USAGE: 4504,
  KMS_KEY_INVALID_STATE: 4505,
  KMS_KEY_NOT_FOUND: 4506,
} as const;

export type KeyErrorCode = keyof typeof keyErrors;

const codes: Readonly<Record<KeyProblem, KeyErrorCode>> = {
  Disabled: "KMS_KEY_DISABLED",
  InvalidCiphertext: "KMS_KEY_VALIDATION_ERROR",
  KeyUnavailable: "KMS_KEY_UNAVAILABLE",
  InvalidKeyUsage: "KMS_KEY_INVALID_USAGE",
  KMSInvalidState: "KMS_KEY_INVALID_STATE",
  NotFound: "KMS_KEY_NOT_FOUND",
};

export function keyErrorOf({ problem }: KeyFailure): KeyErrorCode {
  return codes[problem];
}
