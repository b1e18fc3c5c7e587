import type { DeleteGroupRequest } from "@aws-sdk/client-iam";
import { deleteGroup as removeGroup, usersInGroup } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { deleteConflict } from "./errors.ts";
import { checkNoPolicies } from "./owned-policies.ts";
import { need, onOwner } from "./owners.ts";

export const deleteGroup: Operation<With<DeleteGroupRequest, "GroupName">, object, IamContext> = {
  authorize: ({ GroupName }, ctx) => onOwner("DeleteGroup", "group", GroupName, ctx),

  async run({ GroupName }, ctx) {
    await change(ctx, async (db) => {
      const { id } = await need("group", GroupName, ctx, db);
      if ((await usersInGroup(db, id, { limit: 1 })).length > 0) {
        throw deleteConflict("Cannot delete entity, must remove users from group first.");
      }
      await checkNoPolicies(id, db);
      await removeGroup(db, id);
    });
    return {};
  },
};
