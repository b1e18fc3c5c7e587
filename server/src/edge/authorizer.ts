/**
 * Whom the edge asks whether a caller may do something.
 */

import type { ConditionContext, Decision } from "../policy/policy.types.ts";
import type { Authorization, Caller } from "../services/operation.ts";

export type AccessRequest = {
  /** `undefined`: nobody in particular. */
  caller: Caller | undefined;
  wanted: Authorization;
  /** The global condition keys of this request, by lower-case name. */
  request(): ConditionContext;
};

export interface Authorizer {
  decide(asked: AccessRequest): Decision | Promise<Decision>;
}

/** Of a server without policies: the root of an account may do everything in it, anybody else nothing. */
export const rootAlone: Authorizer = {
  decide({ caller, wanted }) {
    const none = { matched: [], missingContext: [] };
    const isOwn = wanted.accountId === undefined || wanted.accountId === caller?.accountId;
    return caller?.isRoot && isOwn
      ? { allowed: true, decision: "allowed", reason: "it is the root of the account", ...none }
      : {
          allowed: false,
          decision: "implicitDeny",
          reason: `because no identity-based policy allows the ${wanted.action} action`,
          ...none,
        };
  },
};
