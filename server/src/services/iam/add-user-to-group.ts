import type { AddUserToGroupRequest } from "@aws-sdk/client-iam";
import { addToGroup, groupsOfUser } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { quotaExceeded } from "./errors.ts";
import { need, onOwner } from "./owners.ts";
import { quotas } from "./quotas.ts";

export const addUserToGroup: Operation<With<AddUserToGroupRequest, "GroupName" | "UserName">, object, IamContext> = {
  authorize: ({ GroupName }, ctx) => onOwner("AddUserToGroup", "group", GroupName, ctx),

  async run({ GroupName, UserName }, ctx) {
    await change(ctx, async (db) => {
      const group = await need("group", GroupName, ctx, db);
      const user = await need("user", UserName, ctx, db);
      await addToGroup(db, group.id, user.id);
      if (quotas.GroupsPerUser < (await groupsOfUser(db, user.id)).length) {
        throw quotaExceeded("GroupsPerUser", quotas.GroupsPerUser);
      }
    });
    return {};
  },
};
