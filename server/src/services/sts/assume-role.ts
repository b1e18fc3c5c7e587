import type { AssumeRoleRequest, AssumeRoleResponse } from "@aws-sdk/client-sts";
import type { Operation, With } from "../operation.ts";
import type { Call, StsContext } from "./context.ts";
import { accessDenied, invalid, notAuthorized, notDone } from "./errors.ts";
import { issueSession } from "./issue-session.ts";
import { assumedRoleUser, checkDuration, needRole, sessionOf, trustPolicyOf } from "./roles.ts";
import { readSessionLimits, tagConditions } from "./session-limits.ts";

const defaultSeconds = 3600;

/**
 * The role's trust policy must let the caller in: by naming the caller, or by naming the account whose own policies then
 * allow it. A role that does not exist is denied in the same words as one that does not trust.
 */
export const assumeRole: Operation<
  With<AssumeRoleRequest, "RoleArn" | "RoleSessionName">,
  AssumeRoleResponse,
  StsContext
> = {
  async authorize(input, ctx) {
    const { RoleArn, RoleSessionName, Tags = [], TransitiveTagKeys, ExternalId, SourceIdentity } = input;
    const caller = ctx.caller!;
    if (caller.isRoot) throw accessDenied("Roles may not be assumed by root accounts.");
    const role = await needRole(RoleArn, ctx, () => notAuthorized(caller.principalArn, "sts:AssumeRole", RoleArn));
    const isTagged = Tags.length > 0 || Object.keys(inheritedTags(ctx)).length > 0;
    const sourceIdentity = sourceIdentityOf(SourceIdentity, ctx);
    const wanted = {
      resource: RoleArn,
      accountId: role.account,
      resourcePolicy: trustPolicyOf(role),
      context: {
        ...tagConditions(Tags, TransitiveTagKeys),
        "sts:rolesessionname": RoleSessionName,
        ...(ExternalId !== undefined && { "sts:externalid": ExternalId }),
        ...(sourceIdentity !== undefined && { "sts:sourceidentity": sourceIdentity }),
      },
    };
    return [
      { action: "sts:AssumeRole", ...wanted },
      ...(isTagged ? [{ action: "sts:TagSession", ...wanted }] : []),
      ...(sourceIdentity === undefined ? [] : [{ action: "sts:SetSourceIdentity", ...wanted }]),
    ];
  },

  async run(input, ctx) {
    const { RoleArn, RoleSessionName, DurationSeconds = defaultSeconds } = input;
    if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw notDone("Multi-factor authentication");
    if (input.ProvidedContexts !== undefined && input.ProvidedContexts.length > 0) throw notDone("ProvidedContexts");
    const caller = ctx.caller!;
    const role = await needRole(RoleArn, ctx, () => notAuthorized(caller.principalArn, "sts:AssumeRole", RoleArn));
    checkDuration(DurationSeconds, role, caller.session?.role !== undefined);
    const { limits, PackedPolicySize } = await readSessionLimits(input, inheritedTags(ctx), ctx.records);
    const sourceIdentity = sourceIdentityOf(input.SourceIdentity, ctx);
    const more = { ...limits, ...(sourceIdentity !== undefined && { sourceIdentity }) };
    const Credentials = await issueSession(sessionOf(role, RoleSessionName, more), DurationSeconds, ctx);
    const AssumedRoleUser = assumedRoleUser(role, RoleSessionName);
    return { Credentials, AssumedRoleUser, PackedPolicySize, SourceIdentity: sourceIdentity };
  },
};

function inheritedTags({ caller }: Call): Record<string, string> {
  const { tags = {}, transitiveTagKeys = [] } = caller?.session ?? {};
  return Object.fromEntries(transitiveTagKeys.flatMap((key) => (Object.hasOwn(tags, key) ? [[key, tags[key]!]] : [])));
}

/** Once set, it stays through all sessions that come of this one. */
function sourceIdentityOf(asked: string | undefined, { caller }: Call): string | undefined {
  const inherited = caller?.session?.sourceIdentity;
  if (asked !== undefined && inherited !== undefined && asked !== inherited) {
    throw invalid(`The source identity of this session is ${inherited} and cannot be changed.`);
  }
  return asked ?? inherited;
}
