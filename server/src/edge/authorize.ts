/**
 * Whether a caller may do what an operation says it does. The root of an account may do everything, anybody else
 * nothing: there are no policies yet.
 */
import type { Authorization, Caller } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import { authProtocol, missingCredentials } from "./auth/auth-errors.ts";

/** @throws ServiceError as the service with this signing name words a refusal */
export function authorizeOrDeny(
  caller: Caller | undefined,
  wanted: Authorization | readonly Authorization[],
  signingName: string,
): void {
  if (caller?.isRoot) return;
  if (caller === undefined) throw missingCredentials(signingName);
  const [{ action, resource } = { action: "nothing", resource: "*" }] = [wanted].flat();
  const message = `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource}`;
  throw denied(signingName, message);
}

function denied(signingName: string, message: string): ServiceError {
  switch (authProtocol(signingName)) {
    case "s3":
    case "query":
      return new ServiceError("AccessDenied", 403, message);
    case "awsJson":
      return new ServiceError("AccessDeniedException", 400, message);
    default:
      // The one model that says otherwise.
      return new ServiceError("AccessDeniedException", signingName === "kinesisvideo" ? 401 : 403, message);
  }
}
