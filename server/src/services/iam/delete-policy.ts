import type { DeletePolicyRequest } from "@aws-sdk/client-iam";
import { deleteManagedPolicy, policyVersionsOf } from "../../storage/records/managed-policies.ts";
import { boundedBy, ownersOfPolicy } from "../../storage/records/policy-attachments.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { deleteConflict } from "./errors.ts";
import { needOwnPolicy, onPolicy } from "./policies.ts";

export const deletePolicy: Operation<With<DeletePolicyRequest, "PolicyArn">, object, IamContext> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("DeletePolicy", PolicyArn, ctx),

  async run({ PolicyArn }, ctx) {
    await change(ctx, async (db) => {
      const policy = await needOwnPolicy(PolicyArn, ctx, db);
      const users = [
        ...(await ownersOfPolicy(db, ctx.accountId, PolicyArn)),
        ...(await boundedBy(db, ctx.accountId, PolicyArn)),
      ];
      if (users.length > 0) throw deleteConflict("Cannot delete a policy attached to entities.");
      if ((await policyVersionsOf(db, policy)).length > 1) {
        throw deleteConflict(
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      }
      await deleteManagedPolicy(db, policy.id);
    });
    return {};
  },
};
