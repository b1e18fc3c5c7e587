/**
 * The service's errors, in AWS's words where those are known.
 */
import { KeyFailure } from "../../storage/keys/key-store.ts";
import { ServiceError } from "../service-error.ts";

export function keyNotFound(arn: string): ServiceError {
  return new ServiceError("NotFoundException", 400, `Key '${arn}' does not exist`);
}

export function aliasNotFound(arn: string): ServiceError {
  return new ServiceError("NotFoundException", 400, `Alias ${arn} is not found.`);
}

export function invalidKeyId(keyId: string): ServiceError {
  return new ServiceError("NotFoundException", 400, `Invalid keyId '${keyId.slice(0, 256)}'`);
}

export function grantNotFound(grantId: string): ServiceError {
  return new ServiceError("NotFoundException", 400, `Grant ID ${grantId} not found`);
}

export function noSuchPolicy(name: string): ServiceError {
  return new ServiceError(
    "NotFoundException",
    400,
    `No such policy exists: ${name}. The one policy of a key is "default".`,
  );
}

export function invalidArn(message: string): ServiceError {
  return new ServiceError("InvalidArnException", 400, message);
}

export function disabled(arn: string): ServiceError {
  return new ServiceError("DisabledException", 400, `${arn} is disabled.`);
}

export function pendingDeletion(arn: string): ServiceError {
  return new ServiceError("KMSInvalidStateException", 400, `${arn} is pending deletion.`);
}

export function notPendingDeletion(arn: string): ServiceError {
  return new ServiceError("KMSInvalidStateException", 400, `${arn} is not pending deletion.`);
}

export function unsupported(message: string): ServiceError {
  return new ServiceError("UnsupportedOperationException", 400, message);
}

/** Of a service's own key, which users do not manage. */
export function managedByAws(arn: string): ServiceError {
  return unsupported(`${arn} is the default key of a service: it cannot be changed.`);
}

export function aliasExists(arn: string): ServiceError {
  return new ServiceError("AlreadyExistsException", 400, `An alias with the name ${arn} already exists`);
}

export function invalidAlias(message: string): ServiceError {
  return new ServiceError("InvalidAliasNameException", 400, message);
}

export function invalidMarker(): ServiceError {
  return new ServiceError("InvalidMarkerException", 400, "The marker is not one that this operation has given.");
}

export function invalidGrantToken(): ServiceError {
  return new ServiceError("InvalidGrantTokenException", 400, "The grant token is not valid.");
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError("MalformedPolicyDocumentException", 400, message);
}

export function tagError(message: string): ServiceError {
  return new ServiceError("TagException", 400, message);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError("LimitExceededException", 400, message);
}

export function incorrectKey(): ServiceError {
  const message = "The key ID in the request does not identify a CMK that can perform this operation.";
  return new ServiceError("IncorrectKeyException", 400, message);
}

/** Whatever is wrong with it. */
export function invalidCiphertext(): ServiceError {
  const message = "The ciphertext is damaged, of another encryption context, or not one that this service has made.";
  return new ServiceError("InvalidCiphertextException", 400, message);
}

export function wouldHaveSucceeded(): ServiceError {
  const message = "The request would have succeeded, but the DryRun option is set.";
  return new ServiceError("DryRunOperationException", 400, message);
}

export function invalid(message: string): ServiceError {
  return new ServiceError("ValidationException", 400, message);
}

/** For what the store of keys refuses. */
export async function asAnswered<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KeyFailure)) throw error;
    if (error.problem === "InvalidCiphertext") throw invalidCiphertext();
    const status = error.problem === "KeyUnavailable" ? 500 : 400;
    throw new ServiceError(`${error.problem}Exception`, status, error.message, { cause: error });
  }
}
