import type { ListGroupsForUserRequest, ListGroupsForUserResponse } from "@aws-sdk/client-iam";
import { groupsOfUser } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { groupAnswer } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";
import { limitOf, pageOf } from "./paging.ts";

export const listGroupsForUser: Operation<
  With<ListGroupsForUserRequest, "UserName">,
  ListGroupsForUserResponse,
  IamContext
> = {
  authorize: ({ UserName }, ctx) => onOwner("ListGroupsForUser", "user", UserName, ctx),

  async run(input, ctx) {
    const user = await need("user", input.UserName, ctx);
    const groups = await groupsOfUser(ctx.records.db, user.id, { after: input.Marker, limit: limitOf(input) + 1 });
    const { page, output } = pageOf(groups, input, ({ name }) => name);
    return { Groups: page.map(groupAnswer), ...output };
  },
};
