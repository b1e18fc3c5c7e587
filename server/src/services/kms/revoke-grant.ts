import type { RevokeGrantRequest } from "@aws-sdk/client-kms";
import { deleteGrant, findGrant } from "../../storage/records/kms-grants.ts";
import type { Operation, With } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { grantNotFound, wouldHaveSucceeded } from "./errors.ts";
import { authorizeUse, findKey } from "./find-key.ts";

const accepts = { foreign: true };

/** Holds at once. */
export const revokeGrant: Operation<With<RevokeGrantRequest, "KeyId" | "GrantId">, object, KmsContext> = {
  authorize: ({ KeyId }, ctx) => authorizeUse(ctx, "RevokeGrant", KeyId, { accepts }),

  async run({ KeyId, GrantId, DryRun }, ctx) {
    const key = await findKey(ctx, KeyId, accepts);
    if ((await findGrant(ctx.records.db, key.id, GrantId)) === undefined) throw grantNotFound(GrantId);
    if (DryRun) throw wouldHaveSucceeded();
    await deleteGrant(ctx.records.db, key.id, GrantId);
    return {};
  },
};
