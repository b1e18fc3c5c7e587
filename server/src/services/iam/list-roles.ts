import type { ListRolesRequest, ListRolesResponse } from "@aws-sdk/client-iam";
import { listRoles as readRoles } from "../../storage/records/roles.ts";
import type { Operation } from "../operation.ts";
import { listedRole } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { limitOf, pageOf } from "./paging.ts";

export const listRoles: Operation<ListRolesRequest, ListRolesResponse, IamContext> = {
  authorize: () => ({ action: "iam:ListRoles", resource: "*" }),

  async run(input, ctx) {
    const { db } = ctx.records;
    const wanted = { pathPrefix: input.PathPrefix, after: input.Marker, limit: limitOf(input) + 1 };
    const { page, output } = pageOf(await readRoles(db, ctx.accountId, wanted), input, ({ name }) => name);
    return { Roles: await Promise.all(page.map((role) => listedRole(role, db))), ...output };
  },
};
