import type { AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse } from "@aws-sdk/client-sts";
import type { WebIdentityProblem } from "../../engine/access/web-identity/web-identities.ts";
import type { Operation, With } from "../operation.ts";
import type { ServiceError } from "../service-error.ts";
import type { StsContext } from "./context.ts";
import {
  accessDenied,
  expiredIdentityToken,
  invalid,
  invalidIdentityToken,
  issuerUnreachable,
  notDone,
} from "./errors.ts";
import { issueSession } from "./issue-session.ts";
import { assumedRoleUser, checkDuration, needRole, sessionOf, trustPolicyOf } from "./roles.ts";
import { readSessionLimits } from "./session-limits.ts";

const defaultSeconds = 3600;

/** Nobody signs: the token proves who asks, and the role's trust policy alone says if that is enough. */
export const assumeRoleWithWebIdentity: Operation<
  With<AssumeRoleWithWebIdentityRequest, "RoleArn" | "RoleSessionName" | "WebIdentityToken">,
  AssumeRoleWithWebIdentityResponse,
  StsContext
> = {
  authorize: () => [],

  async run(input, ctx) {
    const { RoleArn, RoleSessionName, WebIdentityToken, DurationSeconds = defaultSeconds, ProviderId } = input;
    if (ProviderId !== undefined) throw notDone("ProviderId, which is for tokens of OAuth 2.0,");
    const denied = () => accessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    const role = await needRole(RoleArn, ctx, denied);
    const identity = await ctx.webIdentities.verify(WebIdentityToken, role.account);
    if ("problem" in identity) throw problemOf(identity);
    const { subject, audience, issuer, providerArn, conditions } = identity;
    const decision = await ctx.access.decideBy(
      { type: "web-identity", provider: providerArn },
      {
        action: "sts:AssumeRoleWithWebIdentity",
        resource: role.arn,
        accountId: role.account,
        resourcePolicy: trustPolicyOf(role),
        context: {
          ...conditions,
          "aws:federatedprovider": providerArn,
          "sts:rolesessionname": RoleSessionName,
        },
      },
    );
    if (!decision.allowed) throw denied();
    checkDuration(DurationSeconds, role, false);
    const { limits, PackedPolicySize } = await readSessionLimits(input, {}, ctx.records);
    const holder = sessionOf(role, RoleSessionName, { ...limits, federatedProvider: providerArn });
    return {
      Credentials: await issueSession(holder, DurationSeconds, ctx),
      SubjectFromWebIdentityToken: subject,
      AssumedRoleUser: assumedRoleUser(role, RoleSessionName),
      PackedPolicySize,
      Provider: issuer,
      Audience: audience,
    };
  },
};

function problemOf(problem: WebIdentityProblem): ServiceError {
  switch (problem.problem) {
    case "expired":
      return expiredIdentityToken(problem.nowSeconds, problem.endSeconds);
    case "unreachable":
      return issuerUnreachable(problem.message);
    case "invalid":
      return invalidIdentityToken(problem.message);
    default:
      return invalid("The web identity token could not be read.");
  }
}
