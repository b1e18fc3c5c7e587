import type { CreateGroupRequest, CreateGroupResponse } from "@aws-sdk/client-iam";
import { iamId } from "../../base/ids.ts";
import { countGroups, insertGroup } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { groupAnswer } from "./answers.ts";
import { change, type IamContext } from "./context.ts";
import { exists, quotaExceeded } from "./errors.ts";
import { need, newArn } from "./owners.ts";
import { quotas } from "./quotas.ts";

export const createGroup: Operation<With<CreateGroupRequest, "GroupName">, CreateGroupResponse, IamContext> = {
  authorize: ({ GroupName, Path }, ctx) => ({
    action: "iam:CreateGroup",
    resource: newArn("group", { name: GroupName, path: Path }, ctx),
  }),

  async run({ GroupName, Path = "/" }, ctx) {
    const id = iamId("AGPA", ctx.random);
    const wanted = { id, account: ctx.accountId, name: GroupName, path: Path, createdAt: ctx.clock() };
    const group = await change(ctx, async (db) => {
      if ((await insertGroup(db, wanted)) === "exists") throw exists("group", GroupName);
      if (quotas.GroupsPerAccount < (await countGroups(db, ctx.accountId))) {
        throw quotaExceeded("GroupsPerAccount", quotas.GroupsPerAccount);
      }
      return need("group", GroupName, ctx, db);
    });
    return { Group: groupAnswer(group) };
  },
};
