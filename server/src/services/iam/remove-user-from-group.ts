import type { RemoveUserFromGroupRequest } from "@aws-sdk/client-iam";
import { removeFromGroup } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { noSuchEntity } from "./errors.ts";
import { need, onOwner } from "./owners.ts";

export const removeUserFromGroup: Operation<
  With<RemoveUserFromGroupRequest, "GroupName" | "UserName">,
  object,
  IamContext
> = {
  authorize: ({ GroupName }, ctx) => onOwner("RemoveUserFromGroup", "group", GroupName, ctx),

  async run({ GroupName, UserName }, ctx) {
    await change(ctx, async (db) => {
      const group = await need("group", GroupName, ctx, db);
      const user = await need("user", UserName, ctx, db);
      if ((await removeFromGroup(db, group.id, user.id)) === "missing") {
        throw noSuchEntity(`User ${UserName} not in group ${GroupName}`);
      }
    });
    return {};
  },
};
