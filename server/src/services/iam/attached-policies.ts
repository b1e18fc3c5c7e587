/**
 * The managed policies attached to users, groups and roles: the same three operations for each.
 */
import type { AttachedPolicy } from "@aws-sdk/client-iam";
import { attachedPoliciesOf, attachPolicy, detachPolicy } from "../../storage/records/policy-attachments.ts";
import type { Operation } from "../operation.ts";
import { attachedAnswer } from "./answers.ts";
import { change, type IamContext } from "./context.ts";
import { noSuchPolicy, type OwnerKind, quotaExceeded } from "./errors.ts";
import { need, onOwner } from "./owners.ts";
import { type PageInput, type PageOutput, pageIn } from "./paging.ts";
import { needAttachable } from "./policies.ts";
import { quotas } from "./quotas.ts";

/** The member that names the owner. */
type Member = "UserName" | "GroupName" | "RoleName";
type Owner<Name extends Member> = { [Each in Name]: string };
type PolicyArn = { PolicyArn: string };

export function attachedPolicyOperations<Name extends Member>(kind: OwnerKind, member: Name) {
  const Kind = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  const attach: Operation<Owner<Name> & PolicyArn, object, IamContext> = {
    authorize: (input, ctx) =>
      onOwner(`Attach${Kind}Policy`, kind, input[member], ctx, { "iam:policyarn": input.PolicyArn }),

    async run(input, ctx) {
      await change(ctx, async (db) => {
        const { id } = await need(kind, input[member], ctx, db);
        await needAttachable(input.PolicyArn, ctx, db);
        await attachPolicy(db, id, input.PolicyArn);
        if (quotas.AttachedPolicies < (await attachedPoliciesOf(db, id)).length) {
          throw quotaExceeded(`PoliciesPer${Kind}`, quotas.AttachedPolicies);
        }
      });
      return {};
    },
  };

  const detach: Operation<Owner<Name> & PolicyArn, object, IamContext> = {
    authorize: (input, ctx) =>
      onOwner(`Detach${Kind}Policy`, kind, input[member], ctx, { "iam:policyarn": input.PolicyArn }),

    async run(input, ctx) {
      await change(ctx, async (db) => {
        const { id } = await need(kind, input[member], ctx, db);
        if ((await detachPolicy(db, id, input.PolicyArn)) === "missing") throw noSuchPolicy(input.PolicyArn);
      });
      return {};
    },
  };

  type ListInput = Owner<Name> & PageInput & { PathPrefix?: string | undefined };
  const list: Operation<ListInput, { AttachedPolicies: AttachedPolicy[] } & PageOutput, IamContext> = {
    authorize: (input, ctx) => onOwner(`ListAttached${Kind}Policies`, kind, input[member], ctx),

    async run(input, ctx) {
      const { id } = await need(kind, input[member], ctx);
      const { PathPrefix = "/" } = input;
      const arns = (await attachedPoliciesOf(ctx.records.db, id)).filter((arn) => pathOf(arn).startsWith(PathPrefix));
      const { page, output } = pageIn(arns, input, (arn) => arn);
      return { AttachedPolicies: page.map(attachedAnswer), ...output };
    },
  };

  return { attach, detach, list };
}

function pathOf(arn: string): string {
  return arn.slice(arn.indexOf("/"), arn.lastIndexOf("/") + 1);
}
