import type { GetKeyPolicyRequest, GetKeyPolicyResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { noSuchPolicy } from "./errors.ts";
import { authorizeUse, findKey } from "./find-key.ts";
import { policyName } from "./key-policy.ts";

export const getKeyPolicy: Operation<With<GetKeyPolicyRequest, "KeyId">, GetKeyPolicyResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "GetKeyPolicy", KeyId),

  async run({ KeyId, PolicyName = policyName }, ctx) {
    const { policy } = await findKey(ctx, KeyId);
    if (PolicyName !== policyName) throw noSuchPolicy(PolicyName);
    return { Policy: policy, PolicyName };
  },
};
