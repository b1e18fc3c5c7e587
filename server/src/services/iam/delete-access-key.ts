import type { DeleteAccessKeyRequest } from "@aws-sdk/client-iam";
import { deleteAccessKey as removeAccessKey } from "../../storage/records/access-keys.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { noSuchKey } from "./errors.ts";
import { needUser, onOwner } from "./owners.ts";

export const deleteAccessKey: Operation<With<DeleteAccessKeyRequest, "AccessKeyId">, object, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("DeleteAccessKey", "user", UserName, ctx),

  async run({ UserName, AccessKeyId }, ctx) {
    await change(ctx, async (db) => {
      const user = await needUser(UserName, ctx, db);
      if ((await removeAccessKey(db, user.id, AccessKeyId)) === "missing") throw noSuchKey(AccessKeyId);
    });
    return {};
  },
};
