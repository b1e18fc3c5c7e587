import type { GetPolicyRequest, GetPolicyResponse } from "@aws-sdk/client-iam";
import { boundedBy, ownersOfPolicy } from "../../storage/records/policy-attachments.ts";
import type { Operation, With } from "../operation.ts";
import { policyAnswer } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { needPolicy, onPolicy } from "./policies.ts";

export const getPolicy: Operation<With<GetPolicyRequest, "PolicyArn">, GetPolicyResponse, IamContext> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("GetPolicy", PolicyArn, ctx),

  async run({ PolicyArn }, ctx) {
    const { db } = ctx.records;
    const policy = await needPolicy(PolicyArn, ctx);
    const attachments = (await ownersOfPolicy(db, ctx.accountId, PolicyArn)).length;
    const boundaries = (await boundedBy(db, ctx.accountId, PolicyArn)).length;
    return { Policy: policyAnswer(policy, { attachments, boundaries }) };
  },
};
