/**
 * The errors of the security token service, with the messages that its clients know.
 */
import { ServiceError } from "../service-error.ts";

export function notAuthorized(principalArn: string, action: string, resource: string): ServiceError {
  return accessDenied(`User: ${principalArn} is not authorized to perform: ${action} on resource: ${resource}`);
}

export function accessDenied(message: string): ServiceError {
  return new ServiceError("AccessDenied", 403, message);
}

export function invalid(message: string): ServiceError {
  return new ServiceError("ValidationError", 400, message);
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError("MalformedPolicyDocumentException", 400, message);
}

export function packedPolicyTooLarge(percent: number): ServiceError {
  const message = `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`;
  return new ServiceError("PackedPolicyTooLargeException", 400, message);
}

export function invalidIdentityToken(message: string): ServiceError {
  return new ServiceError("InvalidIdentityTokenException", 400, message);
}

export function expiredIdentityToken(nowSeconds: number, endSeconds: number): ServiceError {
  const message = `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${endSeconds}`;
  return new ServiceError("ExpiredTokenException", 400, message);
}

export function issuerUnreachable(message: string): ServiceError {
  return new ServiceError("IDPCommunicationErrorException", 400, message);
}

/** What is not done is refused rather than left out: it would have made the session weaker or stronger. */
export function notDone(what: string): ServiceError {
  return new ServiceError("NotImplemented", 501, `${what} is not implemented here.`);
}
