import type { DeleteAliasRequest } from "@aws-sdk/client-kms";
import { deleteAlias as removeAlias } from "../../storage/records/kms-aliases.ts";
import type { Operation, With } from "../operation.ts";
import { authorizeAlias, checkAliasName } from "./aliases.ts";
import { homeOf, type KmsContext } from "./context.ts";
import { aliasNotFound } from "./errors.ts";
import { aliasArn, authorizeUse } from "./find-key.ts";

/** Whatever the state of its key. */
export const deleteAlias: Operation<With<DeleteAliasRequest, "AliasName">, object, KmsContext> = {
  authorize: async ({ AliasName }, ctx) => [
    authorizeAlias(ctx, "DeleteAlias", AliasName),
    await authorizeUse(ctx, "DeleteAlias", AliasName, { accepts: { aliases: true } }),
  ],

  async run({ AliasName }, ctx) {
    checkAliasName(AliasName);
    const home = homeOf(ctx);
    if (!(await removeAlias(ctx.records.db, home, AliasName))) throw aliasNotFound(aliasArn(home, AliasName));
    return {};
  },
};
