import type { ListUsersRequest, ListUsersResponse } from "@aws-sdk/client-iam";
import { listUsers as readUsers } from "../../storage/records/users.ts";
import type { Operation } from "../operation.ts";
import { listedUser } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { limitOf, pageOf } from "./paging.ts";

export const listUsers: Operation<ListUsersRequest, ListUsersResponse, IamContext> = {
  authorize: () => ({ action: "iam:ListUsers", resource: "*" }),

  async run(input, ctx) {
    const wanted = { pathPrefix: input.PathPrefix, after: input.Marker, limit: limitOf(input) + 1 };
    const { page, output } = pageOf(await readUsers(ctx.records.db, ctx.accountId, wanted), input, ({ name }) => name);
    return { Users: page.map(listedUser), ...output };
  },
};
