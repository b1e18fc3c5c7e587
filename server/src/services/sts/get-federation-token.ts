import type { GetFederationTokenRequest, GetFederationTokenResponse } from "@aws-sdk/client-sts";
import type { Operation, With } from "../operation.ts";
import type { Call, StsContext } from "./context.ts";
import { accessDenied } from "./errors.ts";
import { issueSession } from "./issue-session.ts";
import { readSessionLimits, tagConditions } from "./session-limits.ts";

const defaultSeconds = 43_200;
const rootSeconds = 3600;

/** What the user and the policies of the call both allow; without policies, only what resources allow. */
export const getFederationToken: Operation<
  With<GetFederationTokenRequest, "Name">,
  GetFederationTokenResponse,
  StsContext
> = {
  authorize({ Name, Tags = [] }, ctx) {
    const resource = arnOf(Name, ctx);
    const context = tagConditions(Tags);
    const actions = Tags.length === 0 ? [] : ["sts:TagSession"];
    return ["sts:GetFederationToken", ...actions].map((action) => ({ action, resource, context }));
  },

  async run({ Name, DurationSeconds = defaultSeconds, ...asked }, ctx) {
    const { accountId, isRoot, userId, session } = ctx.caller!;
    if (session !== undefined) throw accessDenied("Cannot call GetFederationToken with session credentials");
    const { limits, PackedPolicySize } = await readSessionLimits(asked, {}, ctx.records);
    const seconds = isRoot ? Math.min(DurationSeconds, rootSeconds) : DurationSeconds;
    const FederatedUserId = `${accountId}:${Name}`;
    const Arn = arnOf(Name, ctx);
    const holder = {
      accountId,
      principalArn: Arn,
      isRoot: false,
      userId: FederatedUserId,
      session: { ...limits, federatedBy: isRoot ? "root" : (userId ?? "") },
    };
    const Credentials = await issueSession(holder, seconds, ctx);
    return { Credentials, FederatedUser: { FederatedUserId, Arn }, PackedPolicySize };
  },
};

function arnOf(name: string, { accountId }: Pick<Call, "accountId">): string {
  return `arn:aws:sts::${accountId}:federated-user/${name}`;
}
