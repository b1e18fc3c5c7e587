import type { UpdateUserRequest } from "@aws-sdk/client-iam";
import { findUser, updateUser as writeUser } from "../../storage/records/users.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { exists } from "./errors.ts";
import { need, newArn, onOwner } from "./owners.ts";

/** Whoever moves a user needs to be allowed both there and here. The unique id stays, and with it all that the user has. */
export const updateUser: Operation<With<UpdateUserRequest, "UserName">, object, IamContext> = {
  async authorize({ UserName, NewUserName, NewPath }, ctx) {
    const source = await onOwner("UpdateUser", "user", UserName, ctx);
    const found = await findUser(ctx.records.db, ctx.accountId, UserName);
    const target = newArn("user", { name: NewUserName ?? found?.name ?? UserName, path: NewPath ?? found?.path }, ctx);
    return target === source.resource ? source : [source, { ...source, resource: target }];
  },

  async run({ UserName, NewUserName, NewPath }, ctx) {
    await change(ctx, async (db) => {
      const user = await need("user", UserName, ctx, db);
      if (NewUserName !== undefined) {
        const other = await findUser(db, ctx.accountId, NewUserName);
        if (other !== undefined && other.id !== user.id) throw exists("user", NewUserName);
      }
      await writeUser(db, user, { name: NewUserName ?? user.name, path: NewPath ?? user.path });
    });
    return {};
  },
};
