import type { PutKeyPolicyRequest } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import { changeNamedKey } from "./change-key.ts";
import type { KmsContext } from "./context.ts";
import { noSuchPolicy } from "./errors.ts";
import { authorizeKey, authorizeUse, findKey } from "./find-key.ts";
import { checkKeyPolicy, policyName } from "./key-policy.ts";

export const putKeyPolicy: Operation<With<PutKeyPolicyRequest, "KeyId" | "Policy">, object, KmsContext> = {
  authorize: ({ KeyId, BypassPolicyLockoutSafetyCheck: bypass = false }, ctx) =>
    authorizeUse(ctx, "PutKeyPolicy", KeyId, {
      conditions: { "kms:bypasspolicylockoutsafetycheck": String(bypass) },
    }),

  async run({ KeyId, Policy, PolicyName = policyName, BypassPolicyLockoutSafetyCheck }, ctx) {
    const key = await findKey(ctx, KeyId);
    if (PolicyName !== policyName) throw noSuchPolicy(PolicyName);
    const asked = await authorizeKey(ctx, "PutKeyPolicy", key);
    await checkKeyPolicy(ctx, Policy, asked, BypassPolicyLockoutSafetyCheck);
    await changeNamedKey(ctx, KeyId, () => ({ policy: Policy }));
    return {};
  },
};
