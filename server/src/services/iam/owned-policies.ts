/**
 * The policies that a user, a group or a role has, inline and attached: they go before it does.
 */
import { inlinePoliciesOf } from "../../storage/records/inline-policies.ts";
import { attachedPoliciesOf } from "../../storage/records/policy-attachments.ts";
import type { Database } from "./context.ts";
import { deleteConflict } from "./errors.ts";

/** @throws ServiceError */
export async function checkNoPolicies(ownerId: string, db: Database): Promise<void> {
  if ((await inlinePoliciesOf(db, ownerId)).length > 0) {
    throw deleteConflict("Cannot delete entity, must delete policies first.");
  }
  if ((await attachedPoliciesOf(db, ownerId)).length > 0) {
    throw deleteConflict("Cannot delete entity, must detach all policies first.");
  }
}
