import type { GetSessionTokenRequest, GetSessionTokenResponse } from "@aws-sdk/client-sts";
import type { Operation } from "../operation.ts";
import type { StsContext } from "./context.ts";
import { accessDenied, notDone } from "./errors.ts";
import { issueSession } from "./issue-session.ts";

/** API reference: twelve hours by default, and an hour at most for the root. */
const defaultSeconds = 43_200;
const rootSeconds = 3600;

/** Signs in with what the caller may anyway: policies have no say, as at AWS. */
export const getSessionToken: Operation<GetSessionTokenRequest, GetSessionTokenResponse, StsContext> = {
  authorize: () => ({ action: "sts:GetSessionToken", resource: "*" }),

  async run({ DurationSeconds = defaultSeconds, SerialNumber, TokenCode }, ctx) {
    const { accountId, principalArn, isRoot, userId, session } = ctx.caller!;
    if (session !== undefined) throw accessDenied("Cannot call GetSessionToken with session credentials");
    if (SerialNumber !== undefined || TokenCode !== undefined) throw notDone("Multi-factor authentication");
    const seconds = isRoot ? Math.min(DurationSeconds, rootSeconds) : DurationSeconds;
    const holder = { accountId, principalArn, isRoot, ...(userId !== undefined && { userId }), session: { tags: {} } };
    return { Credentials: await issueSession(holder, seconds, ctx) };
  },
};
