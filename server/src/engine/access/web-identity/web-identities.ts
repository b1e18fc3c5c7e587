/**
 * Whom a token of an OpenID Connect issuer proves, among the issuers that an account has configured.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (web identities)
 */
import type { Clock } from "../../../base/clock.ts";
import type { ConditionContext } from "../../../policy/policy.types.ts";
import { findOidcProvider } from "../../../storage/records/oidc-providers.ts";
import type { Records } from "../../../storage/records/records.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { type Jwt, parseJwt, verifyJwt } from "./jwt.ts";

export type WebIdentity = {
  subject: string;
  /** Of several that the token names, the one that is configured. */
  audience: string;
  issuer: string;
  providerArn: string;
  /** `HOST/PATH:sub` and its like, by lower-case name. */
  conditions: ConditionContext;
};

export type WebIdentityProblem =
  | { problem: "expired"; nowSeconds: number; endSeconds: number }
  | { problem: "invalid"; message: string }
  /** The issuer gives no keys. */
  | { problem: "unreachable"; message: string };

export type WebIdentities = {
  /** @throws only when the rows cannot be read */
  verify(token: string, account: string): Promise<WebIdentity | WebIdentityProblem>;
};

export type WebIdentityOptions = { records: Records; issuers: IssuerKeys; clock: Clock };

/** Issuers' clocks differ from ours by so much. */
const leewaySeconds = 60;

export function openWebIdentities({ records, issuers, clock }: WebIdentityOptions): WebIdentities {
  return {
    async verify(token, account) {
      const jwt = parseJwt(token);
      if (jwt === undefined)
        return invalid(
          "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        );
      const { iss: issuer, sub: subject } = jwt.claims;
      if (typeof issuer !== "string" || typeof subject !== "string")
        return invalid("The ID Token must hold iss and sub.");
      const name = issuer.replace(/^https:\/\//, "");
      const provider = issuer === name ? undefined : await findOidcProvider(records.db, account, name);
      if (provider === undefined) return invalid(`No OpenIDConnect provider found in your account for ${issuer}`);
      const audience = audienceOf(jwt, provider.clientIds);
      if (audience === undefined) return invalid("Incorrect token audience");

      let keys: Awaited<ReturnType<IssuerKeys["keysFor"]>>;
      try {
        keys = await issuers.keysFor(issuer, jwt.keyId);
      } catch (error) {
        return {
          problem: "unreachable",
          message: `Couldn't retrieve verification key from your identity provider: ${messageOf(error)}`,
        };
      }
      if (!keys.some((key) => verifyJwt(jwt, key))) {
        return invalid(
          "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        );
      }
      return (
        checkTimes(jwt, clock()) ?? {
          subject,
          audience,
          issuer,
          providerArn: provider.arn,
          conditions: conditionsOf(jwt, name, audience),
        }
      );
    },
  };
}

/** An authorized party, where it is named, is whom the token was made for. */
function audienceOf({ claims: { aud, azp } }: Jwt, clientIds: readonly string[]): string | undefined {
  const named = typeof azp === "string" ? [azp] : [aud].flat();
  return named.find((one): one is string => typeof one === "string" && clientIds.includes(one));
}

/** After the signature: only then are the times the issuer's. */
function checkTimes({ claims: { exp, nbf } }: Jwt, now: number): WebIdentityProblem | undefined {
  const nowSeconds = Math.floor(now / 1000);
  if (typeof exp !== "number") return invalid("Missing a required claim: exp");
  if (exp <= nowSeconds) return { problem: "expired", nowSeconds, endSeconds: exp };
  if (nbf === undefined) return undefined;
  if (typeof nbf !== "number" || nowSeconds + leewaySeconds < nbf) return invalid("The ID Token is not valid yet.");
  return undefined;
}

function conditionsOf({ claims: { sub, aud, azp, amr } }: Jwt, name: string, audience: string): ConditionContext {
  const host = name.toLowerCase();
  const methods = Array.isArray(amr) ? amr.filter((one): one is string => typeof one === "string") : [];
  const others = [aud].flat().filter((one): one is string => typeof one === "string");
  return {
    [`${host}:aud`]: audience,
    [`${host}:sub`]: String(sub),
    ...(typeof azp === "string" && { [`${host}:azp`]: azp, [`${host}:oaud`]: others }),
    ...(methods.length > 0 && { [`${host}:amr`]: methods }),
  };
}

function invalid(message: string): WebIdentityProblem {
  return { problem: "invalid", message };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
