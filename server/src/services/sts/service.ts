/**
 * Security Token Service, API version 2011-06-15. docs/iam.md tells callers the same at more length.
 *
 * Gaps, each refused by name: SAML, multi-factor authentication, provided contexts, and the operations of `notDone`.
 *
 * By design: sessions are kept nowhere, their tokens hold all of them; a session ends early when its user or role is
 * deleted, for what it may do is looked up at every call.
 */
import type { STS, STSClient } from "@aws-sdk/client-sts";
import type { Service } from "../operation.ts";
import type { SparseOperationsOf } from "../operations-of.ts";
import { assumeRole } from "./assume-role.ts";
import { assumeRoleWithWebIdentity } from "./assume-role-with-web-identity.ts";
import { stsConstraints } from "./constraints.ts";
import type { StsContext } from "./context.ts";
import { getAccessKeyInfo } from "./get-access-key-info.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";
import { getFederationToken } from "./get-federation-token.ts";
import { getSessionToken } from "./get-session-token.ts";

const notDone = {
  AssumeRoleWithSAML: "There are no SAML providers; web identities (OpenID Connect) are served.",
  AssumeRoot: "There is no organization whose member accounts could be entered.",
  DecodeAuthorizationMessage: "Denials are told in plain text.",
  GetDelegatedAccessToken: "There are no product providers to delegate to.",
  GetScopedCredentials: "AssumeRole with a session policy gives limited credentials.",
  GetWebIdentityToken: "This server is no issuer of web identities.",
} as const;

export const stsOperations = {
  AssumeRole: assumeRole,
  AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
  GetAccessKeyInfo: getAccessKeyInfo,
  GetCallerIdentity: getCallerIdentity,
  GetFederationToken: getFederationToken,
  GetSessionToken: getSessionToken,
} satisfies Omit<SparseOperationsOf<STS, STSClient, StsContext>, keyof typeof notDone>;

export function openStsService(context: StsContext): Service<StsContext> {
  return {
    model: "sts",
    context,
    operations: stsOperations,
    notDone,
    constraints: stsConstraints,
    unsigned: new Set(["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]),
    undeniable: new Set(["GetCallerIdentity", "GetSessionToken"]),
  };
}
