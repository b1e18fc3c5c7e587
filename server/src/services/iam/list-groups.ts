import type { ListGroupsRequest, ListGroupsResponse } from "@aws-sdk/client-iam";
import { listGroups as readGroups } from "../../storage/records/groups.ts";
import type { Operation } from "../operation.ts";
import { groupAnswer } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { limitOf, pageOf } from "./paging.ts";

export const listGroups: Operation<ListGroupsRequest, ListGroupsResponse, IamContext> = {
  authorize: () => ({ action: "iam:ListGroups", resource: "*" }),

  async run(input, ctx) {
    const wanted = { pathPrefix: input.PathPrefix, after: input.Marker, limit: limitOf(input) + 1 };
    const groups = await readGroups(ctx.records.db, ctx.accountId, wanted);
    const { page, output } = pageOf(groups, input, ({ name }) => name);
    return { Groups: page.map(groupAnswer), ...output };
  },
};
