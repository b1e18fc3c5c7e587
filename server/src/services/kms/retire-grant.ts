import type { RetireGrantRequest } from "@aws-sdk/client-kms";
import { deleteGrant, findGrant, type Grant } from "../../storage/records/kms-grants.ts";
import { findKey, type Key } from "../../storage/records/kms-keys.ts";
import type { Operation } from "../operation.ts";
import type { Call, KmsContext } from "./context.ts";
import { grantNotFound, invalid, wouldHaveSucceeded } from "./errors.ts";
import { authorizeKey, authorizeUse, lookUp, principalsOf } from "./find-key.ts";
import { parseGrantToken } from "./grant-tokens.ts";

const accepts = { foreign: true };

/** The principal that the grant names for it may, and those whom a grant or a policy lets. */
export const retireGrant: Operation<RetireGrantRequest, object, KmsContext> = {
  async authorize(input, ctx) {
    const { key, grantId, grant } = await find(ctx, input);
    if (key === undefined) return authorizeUse(ctx, "RetireGrant", input.KeyId ?? "", { accepts });
    if (grant?.retiring !== undefined && principalsOf(ctx.caller!).includes(grant.retiring)) return [];
    return authorizeKey(ctx, "RetireGrant", key, { counts: ({ id }) => id === grantId });
  },

  async run(input, ctx) {
    const { grantId, grant } = await find(ctx, input);
    if (grantId === undefined) throw invalid("Give a GrantToken, or a KeyId and a GrantId.");
    if (grant === undefined) throw grantNotFound(grantId);
    if (input.DryRun) throw wouldHaveSucceeded();
    await deleteGrant(ctx.records.db, grant.keyId, grant.id);
    return {};
  },
};

type Found = { key?: Key | undefined; grantId?: string; grant?: Grant | undefined };

/** @throws ServiceError for what is no token */
async function find(ctx: Call, { GrantToken, KeyId, GrantId }: RetireGrantRequest): Promise<Found> {
  const { db } = ctx.records;
  const name = GrantToken === undefined ? undefined : parseGrantToken(GrantToken);
  const grantId = name?.grantId ?? GrantId;
  if (grantId === undefined || (name ?? KeyId) === undefined) return {};
  const key = name === undefined ? await lookUp(ctx, KeyId!, accepts) : await findKey(db, name.keyId);
  if (key?.region !== ctx.region) return { grantId };
  return { key, grantId, grant: await findGrant(db, key.id, grantId) };
}
