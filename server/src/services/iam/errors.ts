/**
 * IAM's errors, with the messages that its clients know.
 */
import { ServiceError } from "../service-error.ts";

export type OwnerKind = "user" | "group" | "role";

export function noSuchEntity(message: string): ServiceError {
  return new ServiceError("NoSuchEntity", 404, message);
}

export function noSuch(kind: OwnerKind, name: string): ServiceError {
  return noSuchEntity(`The ${kind} with name ${name} cannot be found.`);
}

export function noSuchPolicy(arn: string): ServiceError {
  return noSuchEntity(`Policy ${arn} was not found.`);
}

/** Also where it exists and may not be attached. */
export function notAttachable(arn: string): ServiceError {
  return noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
}

export function noSuchVersion(arn: string, version: string): ServiceError {
  return noSuchEntity(`Policy ${arn} version ${version} does not exist or is not attachable.`);
}

export function noSuchInlinePolicy(kind: OwnerKind, name: string): ServiceError {
  return noSuchEntity(`The ${kind} policy with name ${name} cannot be found.`);
}

export function noSuchKey(id: string): ServiceError {
  return noSuchEntity(`The Access Key with id ${id} cannot be found.`);
}

export function noSuchProvider(arn: string): ServiceError {
  return noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
}

export function alreadyExists(message: string): ServiceError {
  return new ServiceError("EntityAlreadyExists", 409, message);
}

export function exists(kind: OwnerKind, name: string): ServiceError {
  return alreadyExists(`${kind[0]!.toUpperCase()}${kind.slice(1)} with name ${name} already exists.`);
}

export function deleteConflict(message: string): ServiceError {
  return new ServiceError("DeleteConflict", 409, message);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError("LimitExceeded", 409, message);
}

export function quotaExceeded(quota: string, limit: number): ServiceError {
  return limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError("MalformedPolicyDocument", 400, message);
}

export function invalidInput(message: string): ServiceError {
  return new ServiceError("InvalidInput", 400, message);
}

export function invalid(message: string): ServiceError {
  return new ServiceError("ValidationError", 400, message);
}

export function mustNameUser(): ServiceError {
  return invalid("Must specify userName when calling with non-User credentials");
}

/** AWS-managed policies are nobody's to change, and neither are those of another account. */
export function outsideAccount(): ServiceError {
  return new ServiceError("AccessDenied", 403, "Policy is outside your own account.");
}
