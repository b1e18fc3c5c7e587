import type { CreateKeyRequest, CreateKeyResponse } from "@aws-sdk/client-kms";
import { accountKeyPolicy } from "../../storage/keys/default-key-policies.ts";
import type { Authorization, Operation } from "../operation.ts";
import { type Call, homeOf, type KmsContext } from "./context.ts";
import { unsupported } from "./errors.ts";
import { keyMetadata } from "./key-metadata.ts";
import { checkKeyPolicy } from "./key-policy.ts";
import { tagConditions, withTags } from "./tags.ts";

export const createKey: Operation<CreateKeyRequest, CreateKeyResponse, KmsContext> = {
  authorize: (input, ctx) => {
    const context = conditionsOf(input);
    const create = { action: "kms:CreateKey", resource: "*", context };
    const tag = { action: "kms:TagResource", resource: anyKeyArn(ctx), context };
    return input.Tags?.length ? [create, tag] : create;
  },

  async run(input, ctx) {
    refuseOtherKinds(input);
    const tags = withTags({}, input.Tags);
    const {
      Description = "",
      Policy: policy = accountKeyPolicy(ctx.accountId),
      BypassPolicyLockoutSafetyCheck,
    } = input;
    if (input.Policy !== undefined) {
      const asked: Authorization = {
        action: "kms:PutKeyPolicy",
        resource: anyKeyArn(ctx),
        context: conditionsOf(input),
      };
      await checkKeyPolicy(ctx, policy, asked, BypassPolicyLockoutSafetyCheck);
    }
    const key = await ctx.keys.create(homeOf(ctx), { description: Description, policy, tags });
    return { KeyMetadata: await keyMetadata(ctx, key) };
  },
};

function anyKeyArn({ region, accountId }: Call): string {
  return `arn:aws:kms:${region}:${accountId}:key/*`;
}

function conditionsOf(input: CreateKeyRequest): Record<string, string | readonly string[]> {
  const { KeySpec, CustomerMasterKeySpec, KeyUsage, Origin, MultiRegion, BypassPolicyLockoutSafetyCheck } = input;
  return {
    "kms:keyspec": KeySpec ?? CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT",
    "kms:keyusage": KeyUsage ?? "ENCRYPT_DECRYPT",
    "kms:keyorigin": Origin ?? "AWS_KMS",
    "kms:multiregion": String(MultiRegion ?? false),
    "kms:bypasspolicylockoutsafetycheck": String(BypassPolicyLockoutSafetyCheck ?? false),
    ...tagConditions(input.Tags),
  };
}

/** @throws ServiceError for what is not a symmetric key of our own */
function refuseOtherKinds(input: CreateKeyRequest): void {
  const { KeyUsage = "ENCRYPT_DECRYPT", Origin = "AWS_KMS", CustomKeyStoreId, XksKeyId, MultiRegion } = input;
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  if (spec !== "SYMMETRIC_DEFAULT") {
    throw unsupported(`KeySpec ${spec} is not supported: there are only symmetric keys, SYMMETRIC_DEFAULT.`);
  }
  if (KeyUsage !== "ENCRYPT_DECRYPT") throw unsupported(`KeyUsage ${KeyUsage} is not supported: only ENCRYPT_DECRYPT.`);
  if (Origin !== "AWS_KMS") throw unsupported(`Origin ${Origin} is not supported: only AWS_KMS.`);
  if (CustomKeyStoreId !== undefined || XksKeyId !== undefined) throw unsupported("There are no custom key stores.");
  if (MultiRegion) throw unsupported("There are no multi-Region keys.");
}
