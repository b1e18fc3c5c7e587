import type { UpdateAccessKeyRequest } from "@aws-sdk/client-iam";
import { setAccessKeyStatus } from "../../storage/records/access-keys.ts";
import type { Operation, With } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { invalidInput, noSuchKey } from "./errors.ts";
import { needUser, onOwner } from "./owners.ts";

export const updateAccessKey: Operation<With<UpdateAccessKeyRequest, "AccessKeyId" | "Status">, object, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("UpdateAccessKey", "user", UserName, ctx),

  async run({ UserName, AccessKeyId, Status }, ctx) {
    if (Status !== "Active" && Status !== "Inactive") throw invalidInput(`Status ${Status} cannot be set.`);
    await change(ctx, async (db) => {
      const user = await needUser(UserName, ctx, db);
      if ((await setAccessKeyStatus(db, user.id, AccessKeyId, Status)) === "missing") throw noSuchKey(AccessKeyId);
    });
    return {};
  },
};
