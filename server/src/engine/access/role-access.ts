/**
 * What a service may do in a role that it was given: whether it may be in that role at all, and what the role may.
 */
import type { ConditionContext, Decision } from "../../policy/policy.types.ts";

export interface RoleAccess {
  /** `service`: as trust policies name it, `elastictranscoder.amazonaws.com`. `undefined`: it may take the role. */
  canBeAssumedBy(roleArn: string, service: string): Promise<"no such role" | "not trusted" | undefined>;
  /** As a session of the role. Of a role that does not exist: nothing is allowed. */
  decideAs(roleArn: string, wanted: AccessWanted): Promise<Decision>;
}

/** An action and the ARN it is done to. */
export type AccessWanted = {
  action: string;
  resource: string;
  /** Who owns the resource. Default: the account of who asks. */
  accountId?: string;
  /** Condition keys by lower-case name. */
  context?: ConditionContext;
  /** What the resource itself says: the policy of a bucket, of a key. */
  resourcePolicy?: { source: string; document: string; mustAllow?: boolean };
};
