import type { CreateAliasRequest } from "@aws-sdk/client-kms";
import { insertAlias } from "../../storage/records/kms-aliases.ts";
import type { Operation, With } from "../operation.ts";
import { authorizeAlias, checkAliasName } from "./aliases.ts";
import { homeOf, type KmsContext } from "./context.ts";
import { aliasExists } from "./errors.ts";
import { aliasArn, authorizeUse, findKey, refusePending, refuseServiceKey } from "./find-key.ts";

type Input = With<CreateAliasRequest, "AliasName" | "TargetKeyId">;

export const createAlias: Operation<Input, object, KmsContext> = {
  authorize: async ({ AliasName, TargetKeyId }, ctx) => [
    authorizeAlias(ctx, "CreateAlias", AliasName),
    await authorizeUse(ctx, "CreateAlias", TargetKeyId),
  ],

  async run({ AliasName, TargetKeyId }, ctx) {
    checkAliasName(AliasName);
    const key = await findKey(ctx, TargetKeyId);
    refuseServiceKey(key);
    refusePending(key);
    const now = ctx.clock();
    const home = homeOf(ctx);
    const alias = { ...home, name: AliasName, key_id: key.id, created_at: now, updated_at: now };
    if ((await insertAlias(ctx.records.db, alias)) === "exists") throw aliasExists(aliasArn(home, AliasName));
    return {};
  },
};
