import type { UpdateGroupRequest } from "@aws-sdk/client-iam";
import { findGroup, updateGroup as writeGroup } from "../../storage/records/groups.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { exists } from "./errors.ts";
import { need, newArn, onOwner } from "./owners.ts";

/** Whoever moves a group needs to be allowed both there and here. */
export const updateGroup: Operation<With<UpdateGroupRequest, "GroupName">, object, IamContext> = {
  async authorize({ GroupName, NewGroupName, NewPath }, ctx) {
    const source = await onOwner("UpdateGroup", "group", GroupName, ctx);
    const found = await findGroup(ctx.records.db, ctx.accountId, GroupName);
    const name = NewGroupName ?? found?.name ?? GroupName;
    const target = newArn("group", { name, path: NewPath ?? found?.path }, ctx);
    return target === source.resource ? source : [source, { ...source, resource: target }];
  },

  async run({ GroupName, NewGroupName, NewPath }, ctx) {
    await change(ctx, async (db) => {
      const group = await need("group", GroupName, ctx, db);
      if (NewGroupName !== undefined) {
        const other = await findGroup(db, ctx.accountId, NewGroupName);
        if (other !== undefined && other.id !== group.id) throw exists("group", NewGroupName);
      }
      await writeGroup(db, group, { name: NewGroupName ?? group.name, path: NewPath ?? group.path });
    });
    return {};
  },
};
