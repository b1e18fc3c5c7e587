/**
 * Whether a caller may do what an operation says it does, and how a refusal is worded.
 */
import type { ConditionContext, Decision } from "../policy/policy.types.ts";
import type { Authorization, Caller, Wanted } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import { authProtocol, missingCredentials } from "./auth/auth-errors.ts";
import type { Authorizer } from "./authorizer.ts";

export type Asking = {
  caller: Caller | undefined;
  /** The global condition keys of the request; made when they are first asked for. */
  request(): ConditionContext;
  signingName: string;
  authorizer: Authorizer;
  /** Told of every decision. */
  onDecision?(wanted: Authorization, decision: Decision): void;
};

/** @throws ServiceError as the service with this signing name words a refusal */
export async function authorizeOrDeny(asking: Asking, wanted: Wanted): Promise<void> {
  for (const one of "action" in wanted ? [wanted] : wanted) {
    const decision = await decide(asking, one);
    if (!decision.allowed) throw refusal(asking, one, decision);
  }
}

export async function decide(
  { caller, request, authorizer, onDecision }: Asking,
  wanted: Authorization,
): Promise<Decision> {
  const decision = await authorizer.decide({ caller, wanted, request });
  onDecision?.(wanted, decision);
  return decision;
}

function refusal({ caller, signingName }: Asking, { action, resource }: Authorization, { reason }: Decision) {
  if (caller === undefined) return missingCredentials(signingName);
  const message = `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;
  return denied(signingName, message);
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
