/**
 * Whether a statement speaks about an action, a resource, a principal.
 */
import { buildGlob, type Glob, matchesGlob } from "./glob.ts";
import { MalformedPolicy } from "./malformed-policy.ts";
import type { ActionTest, Lookup, PolicyPrincipal, PrincipalTest, ResourceTest } from "./policy.types.ts";
import { type FixedPart, fillParts, isFixed, type Part, parseParts } from "./variables.ts";

/** `isNot`: of NotAction. @throws MalformedPolicy */
export function actionTest(patterns: readonly string[], isNot: boolean): ActionTest {
  const named = patterns.map(parseAction);
  return ({ service, name }) =>
    named.some((pattern) => pattern === "*" || (pattern.service === service && matchesGlob(pattern.name, name))) !==
    isNot;
}

export function splitAction(action: string): { service: string; name: string } {
  const [service, ...name] = action.toLowerCase().split(":");
  return { service: service!, name: name.join(":") };
}

function parseAction(pattern: string): "*" | { service: string; name: Glob } {
  if (pattern === "*") return pattern;
  const [service, name, more] = pattern.toLowerCase().split(":");
  if (name === undefined) {
    throw new MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  if (more !== undefined) throw new MalformedPolicy("Actions/Condition can contain only one colon.");
  if (!/^[a-z0-9.-]+$/.test(service!)) throw new MalformedPolicy(`Vendor ${pattern.split(":")[0]} is not valid`);
  return { service: service!, name: buildGlob(parseParts(name, { wildcards: true, variables: false }) as FixedPart[]) };
}

type ResourceStyle = {
  /** Of NotResource. */
  isNot: boolean;
  effect: "Allow" | "Deny";
  variables: boolean;
};

/**
 * A variable without a value makes its pattern match nothing. Under NotResource, which would then speak about
 * everything, it makes an Allow speak about nothing.
 *
 * @throws MalformedPolicy
 */
export function resourceTest(patterns: readonly string[], { isNot, effect, variables }: ResourceStyle): ResourceTest {
  const parsed = patterns.map((pattern) => parseResource(pattern, variables));
  return (arn, lookup) => {
    let isUnknown = false;
    for (const pattern of parsed) {
      if (pattern === "*") return !isNot;
      if (arn === undefined || !arn[5]!.startsWith(pattern.lastStart)) continue;
      if (!pattern.front.every((glob, index) => matchesGlob(glob, arn[index]!))) continue;
      const last = pattern.lastGlob ?? filledGlob(pattern.last, lookup);
      if (last === undefined) isUnknown = true;
      else if (matchesGlob(last, arn[5]!)) return !isNot;
    }
    return isNot && !(isUnknown && effect === "Allow");
  };
}

/** An ARN in its six parts, of which the last may hold colons. */
export function splitArn(arn: string): string[] | undefined {
  const [arnSign, partition, service, region, account, ...resource] = arn.split(":");
  if (resource.length === 0) return undefined;
  return [arnSign!, partition!, service!, region!, account!, resource.join(":")];
}

type ResourcePattern = {
  front: readonly Glob[];
  last: readonly Part[];
  /** The text that `last` begins with. */
  lastStart: string;
  /** `undefined`: there are variables in `last`. */
  lastGlob: Glob | undefined;
};

function parseResource(pattern: string, variables: boolean): "*" | ResourcePattern {
  if (pattern === "*") return pattern;
  const given = pattern.split(":");
  const [sign, partition, service] = given;
  if (sign !== "arn" || partition === undefined) {
    throw new MalformedPolicy(`Resource ${pattern} must be in ARN format or "*".`);
  }
  if (!service || /[*?]/.test(service)) {
    throw new MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.");
  }
  const front = [...given.slice(0, 5), "*", "*", "*"].slice(0, 5);
  if (variables && front.some((part) => part.includes("${"))) {
    throw new MalformedPolicy(`Resource ${pattern} can contain policy variables only after the fifth colon.`);
  }
  // Of what is missing at the end of an ARN, everything is meant.
  const last = parseParts(given.length < 6 ? "*" : given.slice(5).join(":"), { wildcards: true, variables });
  return {
    front: front.map((part) => buildGlob(parseParts(part, { wildcards: true, variables: false }) as FixedPart[])),
    last,
    lastStart: last[0] !== undefined && "text" in last[0] ? last[0].text : "",
    lastGlob: isFixed(last) ? buildGlob(last) : undefined,
  };
}

function filledGlob(parts: readonly Part[], lookup: Lookup): Glob | undefined {
  const filled = fillParts(parts, lookup);
  return filled && buildGlob(filled);
}

/** The values under each key of a Principal element, or `"*"`. */
export type PrincipalElement = "*" | Readonly<Record<string, readonly string[]>>;

/** @throws MalformedPolicy */
export function principalTest(element: PrincipalElement): PrincipalTest {
  const named = nameSet(element);
  return (principal) => {
    if (named.everybody) return "direct";
    switch (principal.type) {
      case "anonymous":
        return undefined;
      case "service":
        return named.services.has(principal.name) ? "direct" : undefined;
      case "web-identity":
        return namesProvider(named.federated, principal.provider) ? "direct" : undefined;
      case "root":
        break;
      case "user":
        if (named.aws.has(principal.arn) || named.aws.has(principal.id)) return "direct";
        break;
      case "session":
        if (named.aws.has(principal.arn)) return "direct";
        if (named.aws.has(principal.roleArn) || named.aws.has(principal.roleId)) return "role";
        break;
      case "federated-user":
        if (named.aws.has(principal.arn)) return "direct";
    }
    const { accountId, canonicalId } = principal;
    return named.accounts.has(accountId) || named.accounts.has(canonicalId ?? "") ? "account" : undefined;
  };
}

/**
 * A Deny spares a session only if both it and its role are listed, and nobody because their account is; an Allow
 * leaves out whoever is listed in any form.
 *
 * @throws MalformedPolicy
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
export function notPrincipalTest(element: PrincipalElement, effect: "Allow" | "Deny"): PrincipalTest {
  const named = nameSet(element);
  const listed = principalTest(element);
  return (principal) => {
    const isListed = effect === "Allow" ? listed(principal) !== undefined : isSpared(named, listed, principal);
    return isListed ? undefined : "direct";
  };
}

function isSpared(named: Names, listed: PrincipalTest, principal: PolicyPrincipal): boolean {
  if (principal.type === "session" && !named.everybody) {
    return named.aws.has(principal.arn) && (named.aws.has(principal.roleArn) || named.aws.has(principal.roleId));
  }
  return listed(principal) === "direct" || (principal.type === "root" && listed(principal) === "account");
}

type Names = {
  everybody: boolean;
  /** Ids of accounts, in both forms. */
  accounts: ReadonlySet<string>;
  /** ARNs and unique ids of users, roles and sessions. */
  aws: ReadonlySet<string>;
  services: ReadonlySet<string>;
  federated: readonly string[];
};

/** An ARN of a role session names the role without its path. */
const awsPrincipal =
  /^(?:arn:aws[\w-]*:iam::\d{12}:(?:user|role)\/[!-)+->@-~]*[\w+=,.@-]|arn:aws[\w-]*:sts::\d{12}:(?:assumed-role\/[\w+=,.@-]+|federated-user)\/[\w+=,.@-]+|A(?:IDA|ROA)[A-Z0-9]+)$/;
const account = /^(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?$/;

const kinds: Readonly<Record<string, RegExp>> = {
  AWS: awsPrincipal,
  Service: /^[\w-]+(?:\.[\w-]+)+$/,
  Federated:
    /^(?:arn:aws[\w-]*:iam::\d{12}:(?:oidc|saml)-provider\/[^*?\s]+|[\w-]+(?:\.[\w-]+)*(?::\d+)?(?:\/[^*?\s]*)?)$/,
  CanonicalUser: /^[0-9a-f]{64}$/,
};

function nameSet(element: PrincipalElement): Names {
  const names = {
    everybody: element === "*",
    accounts: new Set<string>(),
    aws: new Set<string>(),
    services: new Set<string>(),
    federated: [] as string[],
  };
  if (element === "*") return names;
  for (const [kind, values] of Object.entries(element)) {
    for (const value of values) {
      const accountId = kind === "AWS" ? accountOf(value) : undefined;
      if (kind === "AWS" && value === "*") names.everybody = true;
      else if (accountId !== undefined) names.accounts.add(accountId);
      else if (!Object.hasOwn(kinds, kind) || !kinds[kind]!.test(value)) {
        throw new MalformedPolicy(`Invalid principal in policy: "${kind}":"${value}"`);
      } else if (kind === "AWS") names.aws.add(value);
      else if (kind === "Service") names.services.add(value);
      else if (kind === "Federated") names.federated.push(value);
      else names.accounts.add(value);
    }
  }
  return names;
}

function accountOf(value: string): string | undefined {
  const id = account.exec(value)?.[1];
  return id !== undefined && value.startsWith("arn:") === value.endsWith(":root") ? id : undefined;
}

/** An ARN and a host are the same provider if the ARN ends in the host. */
function namesProvider(named: readonly string[], asked: string): boolean {
  const host = (provider: string) => provider.replace(/^arn:[^/]*\//, "");
  return named.some((provider) =>
    provider.startsWith("arn:") && asked.startsWith("arn:") ? provider === asked : host(provider) === host(asked),
  );
}
