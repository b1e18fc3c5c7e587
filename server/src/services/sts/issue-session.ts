/**
 * Credentials for a session that is allowed, as they are answered.
 */
import type { Credentials } from "@aws-sdk/client-sts";
import type { Requester, Session } from "../../engine/access/session.ts";
import type { Call } from "./context.ts";

/** Who the session is, but for its times. */
export type Holder = Omit<Requester, "session"> & { session: Omit<Session, "issuedAtMs" | "expiresAtMs"> };

export async function issueSession(holder: Holder, seconds: number, ctx: Call): Promise<Credentials> {
  const issuedAtMs = ctx.clock();
  // Answers tell whole seconds, and the session is to live as long as they say.
  const expiresAtMs = Math.ceil(issuedAtMs / 1000 + seconds) * 1000;
  const session: Session = { ...holder.session, issuedAtMs, expiresAtMs };
  const { accessKeyId, secretAccessKey, sessionToken } = await ctx.tokens.issue({ ...holder, session });
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: new Date(expiresAtMs),
  };
}
