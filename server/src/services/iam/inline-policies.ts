/**
 * The inline policies of users, groups and roles: the same four operations for each.
 */
import {
  deleteInlinePolicy,
  findInlinePolicy,
  inlinePoliciesOf,
  putInlinePolicy,
} from "../../storage/records/inline-policies.ts";
import type { Operation } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { countedLength, encodeDocument, readPolicy } from "./documents.ts";
import { limitExceeded, noSuchInlinePolicy, type OwnerKind } from "./errors.ts";
import { need, onOwner } from "./owners.ts";
import { type PageInput, type PageOutput, pageIn } from "./paging.ts";
import { quotas } from "./quotas.ts";

/** The member that names the owner. */
type Member = "UserName" | "GroupName" | "RoleName";
type Owner<Name extends Member> = { [Each in Name]: string };
type PolicyName = { PolicyName: string };
type PolicyDocument = { PolicyDocument: string };

export function inlinePolicyOperations<Name extends Member>(kind: OwnerKind, member: Name) {
  const Kind = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  const put: Operation<Owner<Name> & PolicyName & PolicyDocument, object, IamContext> = {
    authorize: (input, ctx) => onOwner(`Put${Kind}Policy`, kind, input[member], ctx),

    async run(input, ctx) {
      readPolicy(input.PolicyDocument);
      await change(ctx, async (db) => {
        const { id } = await need(kind, input[member], ctx, db);
        await putInlinePolicy(db, id, { name: input.PolicyName, document: input.PolicyDocument });
        const all = (await inlinePoliciesOf(db, id)).reduce((sum, { document }) => sum + countedLength(document), 0);
        const most = quotas.InlinePolicies[kind];
        if (most < all) {
          throw limitExceeded(`Maximum policy size of ${most} bytes exceeded for ${kind} ${input[member]}`);
        }
      });
      return {};
    },
  };

  const get: Operation<Owner<Name> & PolicyName, Owner<Name> & PolicyName & PolicyDocument, IamContext> = {
    authorize: (input, ctx) => onOwner(`Get${Kind}Policy`, kind, input[member], ctx),

    async run(input, ctx) {
      const { id, name } = await need(kind, input[member], ctx);
      const found = await findInlinePolicy(ctx.records.db, id, input.PolicyName);
      if (found === undefined) throw noSuchInlinePolicy(kind, input.PolicyName);
      const owner = { [member]: name } as Owner<Name>;
      return { ...owner, PolicyName: found.name, PolicyDocument: encodeDocument(found.document) };
    },
  };

  const list: Operation<Owner<Name> & PageInput, { PolicyNames: string[] } & PageOutput, IamContext> = {
    authorize: (input, ctx) => onOwner(`List${Kind}Policies`, kind, input[member], ctx),

    async run(input, ctx) {
      const { id } = await need(kind, input[member], ctx);
      const names = (await inlinePoliciesOf(ctx.records.db, id)).map(({ name }) => name);
      const { page, output } = pageIn(names, input, (name) => name.toLowerCase());
      return { PolicyNames: page, ...output };
    },
  };

  const remove: Operation<Owner<Name> & PolicyName, object, IamContext> = {
    authorize: (input, ctx) => onOwner(`Delete${Kind}Policy`, kind, input[member], ctx),

    async run(input, ctx) {
      await change(ctx, async (db) => {
        const { id } = await need(kind, input[member], ctx, db);
        if ((await deleteInlinePolicy(db, id, input.PolicyName)) === "missing") {
          throw noSuchInlinePolicy(kind, input.PolicyName);
        }
      });
      return {};
    },
  };

  return { put, get, list, remove };
}
