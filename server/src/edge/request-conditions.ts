/**
 * The global condition keys that a request answers by itself.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import type { ConditionContext } from "../policy/policy.types.ts";
import type { Caller } from "../services/operation.ts";
import type { EdgeRequest } from "./http.ts";

type Facts = { caller: Caller | undefined; region: string; now: number };

export function requestConditions(request: EdgeRequest, { caller, region, now }: Facts): ConditionContext {
  const { headers, remoteAddress, secure } = request;
  const context: Record<string, string> = {
    "aws:currenttime": new Date(now).toISOString(),
    "aws:epochtime": String(Math.floor(now / 1000)),
    "aws:securetransport": String(secure),
    "aws:sourceip": remoteAddress.replace(/^::ffff:(?=\d+\.)/i, ""),
    "aws:requestedregion": region,
    "aws:principaltype": principalType(caller),
    "aws:principalisawsservice": "false",
    "aws:viaawsservice": "false",
  };
  if (headers["user-agent"] !== undefined) context["aws:useragent"] = headers["user-agent"];
  if (headers.referer !== undefined) context["aws:referer"] = headers.referer;
  if (caller === undefined) return context;

  const { session, principalArn, accountId, userId, isRoot } = caller;
  context["aws:principalarn"] = session?.role?.arn ?? principalArn;
  context["aws:principalaccount"] = accountId;
  context["aws:userid"] = userId ?? accountId;
  const name = /:user\/(?:.*\/)?([^/]+)$/.exec(principalArn)?.[1];
  if (name !== undefined && !isRoot) context["aws:username"] = name;
  if (session === undefined) return context;
  context["aws:tokenissuetime"] = new Date(session.issuedAtMs).toISOString();
  context["aws:multifactorauthpresent"] = "false";
  if (session.sourceIdentity !== undefined) context["aws:sourceidentity"] = session.sourceIdentity;
  if (session.federatedProvider !== undefined) context["aws:federatedprovider"] = session.federatedProvider;
  for (const [key, value] of Object.entries(session.tags)) context[`aws:principaltag/${key.toLowerCase()}`] = value;
  return context;
}

function principalType(caller: Caller | undefined): string {
  if (caller === undefined) return "Anonymous";
  if (caller.session?.role !== undefined) return "AssumedRole";
  if (/:federated-user\//.test(caller.principalArn)) return "FederatedUser";
  return caller.isRoot ? "Account" : "User";
}
