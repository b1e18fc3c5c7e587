/**
 * The service's errors. AWS does not document their messages: these are ours.
 */
import type { KeyErrorCode } from "../../engine/live/key-errors.ts";
import { ServiceError } from "../service-error.ts";

export function invalidArgument(message: string): ServiceError {
  return new ServiceError("InvalidArgumentException", 400, message);
}

/** For operations on tags only; others find the same to be an invalid argument. */
export function malformedResource(arn: string): ServiceError {
  return new ServiceError(
    "InvalidResourceFormatException",
    400,
    `The format of the ARN is invalid: ${arn.slice(0, 1024)}`,
  );
}

export function streamNotFound(nameOrArn: string): ServiceError {
  return new ServiceError(
    "ResourceNotFoundException",
    404,
    `The requested stream is not found or not active: ${nameOrArn}`,
  );
}

export function streamExists(name: string): ServiceError {
  return new ServiceError("ResourceInUseException", 400, `The stream ${name} already exists.`);
}

export function tooManyStreams(limit: number): ServiceError {
  const message = `The account already has the maximum number of streams allowed in this region: ${limit}.`;
  return new ServiceError("AccountStreamLimitExceededException", 400, message);
}

export function tooManyTags(limit: number): ServiceError {
  const message = `A resource may have at most ${limit} tags.`;
  return new ServiceError("TagsPerResourceExceededLimitException", 400, message);
}

export function versionMismatch(name: string, wanted: string, current: string): ServiceError {
  const message = `The version of the stream ${name} is ${current}, and not ${wanted}. Describe the stream to learn its version.`;
  return new ServiceError("VersionMismatchException", 400, message);
}

export function noDataRetention(name: string): ServiceError {
  const message = `The stream ${name} keeps no data: its retention is 0 hours.`;
  return new ServiceError("NoDataRetentionException", 400, message);
}

export function noFragments(name: string, mode: string): ServiceError {
  const where = mode === "LIVE" ? "within the last 30 seconds" : "in the requested range";
  return new ServiceError("ResourceNotFoundException", 404, `No fragments found in the stream ${name} ${where}.`);
}

export function unsupportedMediaType(message: string): ServiceError {
  return new ServiceError("UnsupportedStreamMediaTypeException", 400, message);
}

export function missingCodecPrivateData(message: string): ServiceError {
  return new ServiceError("MissingCodecPrivateDataException", 400, message);
}

export function invalidCodecPrivateData(message: string): ServiceError {
  return new ServiceError("InvalidCodecPrivateDataException", 400, message);
}

export function invalidMediaFrame(message: string): ServiceError {
  return new ServiceError("InvalidMediaFrameException", 400, message);
}

/** The one error of the API for what a caller may not do to a stream; the codes are those of PutMedia and GetMedia. */
export function keyRefused(code: KeyErrorCode): ServiceError {
  return new ServiceError("NotAuthorizedException", 401, `The KMS key of the stream cannot be used: ${code}.`);
}

/** Behind the URL of a session, where the model's 401 would make browsers ask for a password. */
export function sessionExpired(): ServiceError {
  return new ServiceError("NotAuthorizedException", 403, "Streaming session token is expired.");
}

export function sessionInvalid(): ServiceError {
  return new ServiceError("NotAuthorizedException", 403, "Streaming session token is invalid.");
}

/** The same behind the URL of a session. */
export function sessionKeyRefused(code: KeyErrorCode): ServiceError {
  return new ServiceError("NotAuthorizedException", 403, `The KMS key of the stream cannot be used: ${code}.`);
}

export function noSuchMedia(path: string): ServiceError {
  return new ServiceError("ResourceNotFoundException", 404, `The session has nothing at ${path.slice(0, 256)}.`);
}

export function tooManyAtOnce(what: string): ServiceError {
  return new ServiceError("ClientLimitExceededException", 400, `Too many ${what} are being made. Try again later.`);
}
