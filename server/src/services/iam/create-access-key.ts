import type { CreateAccessKeyRequest, CreateAccessKeyResponse } from "@aws-sdk/client-iam";
import { newKeyPair } from "../../engine/access/key-pairs.ts";
import { accessKeysOfUser, insertAccessKey } from "../../storage/records/access-keys.ts";
import type { Operation } from "../operation.ts";
import { change, type IamContext } from "./context.ts";
import { quotaExceeded } from "./errors.ts";
import { needUser, onOwner } from "./owners.ts";
import { quotas } from "./quotas.ts";

/** The only answer that ever tells the secret. */
export const createAccessKey: Operation<CreateAccessKeyRequest, CreateAccessKeyResponse, IamContext> = {
  authorize: ({ UserName }, ctx) => onOwner("CreateAccessKey", "user", UserName, ctx),

  async run({ UserName }, ctx) {
    const { id, secret } = newKeyPair(ctx.random);
    const key = { id, secret: await ctx.sealer.seal(id, secret), account: ctx.accountId, created_at: ctx.clock() };
    const user = await change(ctx, async (db) => {
      const user = await needUser(UserName, ctx, db);
      if (quotas.AccessKeysPerUser <= (await accessKeysOfUser(db, user.id)).length) {
        throw quotaExceeded("AccessKeysPerUser", quotas.AccessKeysPerUser);
      }
      await insertAccessKey(db, { ...key, user_name: user.name, user_id: user.id });
      return user;
    });
    const CreateDate = new Date(key.created_at);
    return {
      AccessKey: { UserName: user.name, AccessKeyId: id, Status: "Active", SecretAccessKey: secret, CreateDate },
    };
  },
};
