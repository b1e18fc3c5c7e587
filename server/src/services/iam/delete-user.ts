import type { DeleteUserRequest } from "@aws-sdk/client-iam";
import { accessKeysOfUser } from "../../storage/records/access-keys.ts";
import { groupsOfUser } from "../../storage/records/groups.ts";
import { deleteUser as removeUser } from "../../storage/records/users.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { deleteConflict } from "./errors.ts";
import { checkNoPolicies } from "./owned-policies.ts";
import { need, onOwner } from "./owners.ts";

export const deleteUser: Operation<With<DeleteUserRequest, "UserName">, object, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("DeleteUser", "user", UserName, ctx),

  async run({ UserName }, ctx) {
    await change(ctx, async (db) => {
      const { id } = await need("user", UserName, ctx, db);
      if ((await accessKeysOfUser(db, id)).length > 0) {
        throw deleteConflict("Cannot delete entity, must delete access keys first.");
      }
      if ((await groupsOfUser(db, id)).length > 0) {
        throw deleteConflict("Cannot delete entity, must remove users from group first.");
      }
      await checkNoPolicies(id, db);
      await removeUser(db, id);
    });
    return {};
  },
};
