/**
 * Permissions boundaries: managed policies that limit what all others give.
 */
import type { ConditionContext } from "../../policy/policy.types.ts";
import type { Call, Database } from "./context.ts";
import { needAttachable } from "./policies.ts";

/** @throws ServiceError */
export async function checkBoundary(arn: string | undefined, ctx: Call, db: Database): Promise<void> {
  if (arn !== undefined) await needAttachable(arn, ctx, db);
}

/** The condition key of a request that sets one. */
export function requestedBoundary(arn: string | undefined): ConditionContext {
  return arn === undefined ? {} : { "iam:permissionsboundary": arn };
}
