import type { CreatePolicyRequest, CreatePolicyResponse } from "@aws-sdk/client-iam";
import { iamId } from "../../base/ids.ts";
import { insertManagedPolicy, listManagedPolicies } from "../../storage/records/managed-policies.ts";
import type { Operation, With } from "../operation.ts";
import { listedPolicy } from "./answers.ts";
import { change, type IamContext } from "./context.ts";
import { countedLength, readPolicy } from "./documents.ts";
import { alreadyExists, quotaExceeded } from "./errors.ts";
import { newArn } from "./owners.ts";
import { needPolicy } from "./policies.ts";
import { quotas } from "./quotas.ts";
import { requestTags, tagMember, withTags } from "./tag-set.ts";

export const createPolicy: Operation<
  With<CreatePolicyRequest, "PolicyName" | "PolicyDocument">,
  CreatePolicyResponse,
  IamContext
> = {
  authorize: ({ PolicyName, Path, Tags }, ctx) => ({
    action: "iam:CreatePolicy",
    resource: newArn("policy", { name: PolicyName, path: Path }, ctx),
    context: requestTags(Tags),
  }),

  async run({ PolicyName, PolicyDocument, Path = "/", Description, Tags }, ctx) {
    checkPolicyDocument(PolicyDocument);
    const wanted = {
      id: iamId("ANPA", ctx.random),
      account: ctx.accountId,
      name: PolicyName,
      path: Path,
      description: Description,
      createdAt: ctx.clock(),
      tags: withTags({}, Tags),
      document: PolicyDocument,
    };
    const policy = await change(ctx, async (db) => {
      if ((await insertManagedPolicy(db, wanted)) === "exists") {
        throw alreadyExists(`A policy called ${PolicyName} already exists. Duplicate names are not allowed.`);
      }
      if (quotas.PoliciesPerAccount < (await listManagedPolicies(db, ctx.accountId)).length) {
        throw quotaExceeded("PoliciesPerAccount", quotas.PoliciesPerAccount);
      }
      return needPolicy(newArn("policy", wanted, ctx), ctx, db);
    });
    return { Policy: { ...listedPolicy(policy, { attachments: 0, boundaries: 0 }), ...tagMember(policy.tags) } };
  },
};

/** Of a managed policy. @throws ServiceError */
export function checkPolicyDocument(document: string): void {
  readPolicy(document);
  if (quotas.PolicySize < countedLength(document)) {
    throw quotaExceeded("PolicySize", quotas.PolicySize);
  }
}
