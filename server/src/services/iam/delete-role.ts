import type { DeleteRoleRequest } from "@aws-sdk/client-iam";
import { deleteRole as removeRole } from "../../storage/records/roles.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { checkNoPolicies } from "./owned-policies.ts";
import { need, onOwner } from "./owners.ts";

/** Its sessions end with it. */
export const deleteRole: Operation<With<DeleteRoleRequest, "RoleName">, object, IamContext> = {
  authorize: ({ RoleName }, ctx) => onOwner("DeleteRole", "role", RoleName, ctx),

  async run({ RoleName }, ctx) {
    await change(ctx, async (db) => {
      const { id } = await need("role", RoleName, ctx, db);
      await checkNoPolicies(id, db);
      await removeRole(db, id);
    });
    return {};
  },
};
