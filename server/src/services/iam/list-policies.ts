import type { ListPoliciesRequest, ListPoliciesResponse } from "@aws-sdk/client-iam";
import { builtInPolicies } from "../../storage/records/built-in-policies.ts";
import { listManagedPolicies } from "../../storage/records/managed-policies.ts";
import { policyUsage } from "../../storage/records/policy-attachments.ts";
import type { Operation } from "../operation.ts";
import { listedPolicy, type PolicyUsage } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { pageIn } from "./paging.ts";

/** By ARN. */
export const listPolicies: Operation<ListPoliciesRequest, ListPoliciesResponse, IamContext> = {
  authorize: () => ({ action: "iam:ListPolicies", resource: "*" }),

  async run(input, ctx) {
    const { Scope = "All", OnlyAttached = false, PathPrefix = "/", PolicyUsageFilter } = input;
    const usage = await policyUsage(ctx.records.db, ctx.accountId);
    const own = Scope === "AWS" ? [] : await listManagedPolicies(ctx.records.db, ctx.accountId);
    const all = [...own, ...(Scope === "Local" ? [] : builtInPolicies.values())]
      .filter(({ path }) => path.startsWith(PathPrefix))
      .map((policy) => ({ policy, usage: usage.get(policy.arn) ?? unused }))
      .filter(({ usage }) => !OnlyAttached || 0 < usage.attachments)
      .filter(({ usage }) => isUsedFor(usage, PolicyUsageFilter))
      .toSorted((one, other) => (one.policy.arn < other.policy.arn ? -1 : 1));
    const { page, output } = pageIn(all, input, ({ policy }) => policy.arn);
    return { Policies: page.map(({ policy, usage }) => listedPolicy(policy, usage)), ...output };
  },
};

const unused: PolicyUsage = { attachments: 0, boundaries: 0 };

function isUsedFor(
  { attachments, boundaries }: PolicyUsage,
  filter: ListPoliciesRequest["PolicyUsageFilter"],
): boolean {
  if (filter === undefined) return true;
  return 0 < (filter === "PermissionsBoundary" ? boundaries : attachments);
}
