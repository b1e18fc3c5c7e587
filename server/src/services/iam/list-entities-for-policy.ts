import type { ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse } from "@aws-sdk/client-iam";
import { findGroupById } from "../../storage/records/groups.ts";
import { boundedBy, ownersOfPolicy } from "../../storage/records/policy-attachments.ts";
import { findRoleById } from "../../storage/records/roles.ts";
import { findUserById } from "../../storage/records/users.ts";
import type { Operation, With } from "../operation.ts";
import type { Database, IamContext } from "./context.ts";
import { pageIn } from "./paging.ts";
import { needPolicy, onPolicy } from "./policies.ts";

/** By unique id: groups, then users, then roles. */
export const listEntitiesForPolicy: Operation<
  With<ListEntitiesForPolicyRequest, "PolicyArn">,
  ListEntitiesForPolicyResponse,
  IamContext
> = {
  authorize: ({ PolicyArn }, ctx) => onPolicy("ListEntitiesForPolicy", PolicyArn, ctx),

  async run(input, ctx) {
    const { PolicyArn, EntityFilter, PathPrefix = "/", PolicyUsageFilter } = input;
    const { db } = ctx.records;
    await needPolicy(PolicyArn, ctx);
    const ids = new Set([
      ...(PolicyUsageFilter === "PermissionsBoundary" ? [] : await ownersOfPolicy(db, ctx.accountId, PolicyArn)),
      ...(PolicyUsageFilter === "PermissionsPolicy" ? [] : await boundedBy(db, ctx.accountId, PolicyArn)),
    ]);
    const wanted = [...ids].filter((id) => EntityFilter === undefined || id.startsWith(prefixOf[EntityFilter] ?? "-"));
    const entities = await Promise.all(wanted.toSorted().map((id) => find(id, db)));
    const all = entities.filter((one) => one?.path.startsWith(PathPrefix)).map((one) => one!);
    const { page, output } = pageIn(all, input, ({ id }) => id);
    const of = (prefix: string) => page.filter(({ id }) => id.startsWith(prefix));
    return {
      PolicyGroups: of("AGPA").map(({ id, name }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: of("AIDA").map(({ id, name }) => ({ UserName: name, UserId: id })),
      PolicyRoles: of("AROA").map(({ id, name }) => ({ RoleName: name, RoleId: id })),
      ...output,
    };
  },
};

const prefixOf: Readonly<Record<string, string>> = { User: "AIDA", Group: "AGPA", Role: "AROA" };

function find(id: string, db: Database): Promise<{ id: string; name: string; path: string } | undefined> {
  if (id.startsWith("AIDA")) return findUserById(db, id);
  return id.startsWith("AROA") ? findRoleById(db, id) : findGroupById(db, id);
}
