import type { UpdateAliasRequest } from "@aws-sdk/client-kms";
import { updateAlias as moveAlias } from "../../storage/records/kms-aliases.ts";
import type { Operation, With } from "../operation.ts";
import { authorizeAlias, checkAliasName } from "./aliases.ts";
import { homeOf, type KmsContext } from "./context.ts";
import { aliasNotFound } from "./errors.ts";
import { aliasArn, authorizeUse, findKey, refusePending, refuseServiceKey } from "./find-key.ts";

type Input = With<UpdateAliasRequest, "AliasName" | "TargetKeyId">;

/** Asks for rights on the key that had the name, too. */
export const updateAlias: Operation<Input, object, KmsContext> = {
  authorize: async ({ AliasName, TargetKeyId }, ctx) => [
    authorizeAlias(ctx, "UpdateAlias", AliasName),
    await authorizeUse(ctx, "UpdateAlias", AliasName, { accepts: { aliases: true } }),
    await authorizeUse(ctx, "UpdateAlias", TargetKeyId),
  ],

  async run({ AliasName, TargetKeyId }, ctx) {
    checkAliasName(AliasName);
    const key = await findKey(ctx, TargetKeyId);
    refuseServiceKey(key);
    refusePending(key);
    const home = homeOf(ctx);
    const moved = { name: AliasName, key_id: key.id, updated_at: ctx.clock() };
    if (!(await moveAlias(ctx.records.db, home, moved))) throw aliasNotFound(aliasArn(home, AliasName));
    return {};
  },
};
