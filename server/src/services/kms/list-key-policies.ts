import type { ListKeyPoliciesRequest, ListKeyPoliciesResponse } from "@aws-sdk/client-kms";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { authorizeUse, findKey } from "./find-key.ts";
import { policyName } from "./key-policy.ts";

export const listKeyPolicies: Operation<With<ListKeyPoliciesRequest, "KeyId">, ListKeyPoliciesResponse, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "ListKeyPolicies", KeyId),

  async run({ KeyId }, ctx) {
    await findKey(ctx, KeyId);
    return { PolicyNames: [policyName], Truncated: false };
  },
};
