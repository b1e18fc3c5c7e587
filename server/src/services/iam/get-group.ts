import type { GetGroupRequest, GetGroupResponse } from "@aws-sdk/client-iam";
import { usersInGroup } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { groupAnswer, listedUser } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { need, onOwner } from "./owners.ts";
import { limitOf, pageOf } from "./paging.ts";

export const getGroup: Operation<With<GetGroupRequest, "GroupName">, GetGroupResponse, IamContext> = {
  authorize: ({ GroupName }, ctx) => onOwner("GetGroup", "group", GroupName, ctx),

  async run(input, ctx) {
    const group = await need("group", input.GroupName, ctx);
    const users = await usersInGroup(ctx.records.db, group.id, { after: input.Marker, limit: limitOf(input) + 1 });
    const { page, output } = pageOf(users, input, ({ name }) => name);
    return { Group: groupAnswer(group), Users: page.map(listedUser), ...output };
  },
};
