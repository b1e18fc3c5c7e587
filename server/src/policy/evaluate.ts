/**
 * The decision: what all policies that have a say make of one question.
 *
 * An explicit Deny anywhere decides. Else the caller's side must allow: its identity's policies, within its boundary
 * and its session's policies; and so must the policy of a resource in another account. In the same account either
 * side is enough, but for policies of roles and keys, which must allow themselves or leave it to the account.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { splitAction, splitArn } from "./match.ts";
import type { AccessQuestion, Decision, Lookup, MatchedStatement, SourcedPolicy, Statement } from "./policy.types.ts";

/** Never throws: what cannot be evaluated is denied. */
export function evaluate(question: AccessQuestion): Decision {
  const missing = new Set<string>();
  try {
    return { ...decide(question, missing), missingContext: [...missing] };
  } catch {
    return { ...implicitDeny("because its policies could not be evaluated"), missingContext: [...missing] };
  }
}

type Verdict = Omit<Decision, "missingContext">;

function decide(question: AccessQuestion, missing: Set<string>): Verdict {
  const { principal, action, resourcePolicy, boundary } = question;
  const weigh = weigher(question, missing);
  // Without a session policy a federated user has nothing of its own.
  const session = question.session ?? (principal.type === "federated-user" ? [] : undefined);
  const sides: Sides = {
    identity: weigh(question.identity, ofCaller),
    resource: weigh(resourcePolicy ? [resourcePolicy] : [], ofResource),
    boundary: boundary && weigh([boundary], ofCaller),
    session: session && weigh(session, ofCaller),
  };
  const denied = explicitDeny(sides);
  if (denied !== undefined) return denied;

  const grant = strongestGrant(sides.resource);
  const lacks = (policy: string) => implicitDeny(`because no ${policy} allows the ${action} action`);
  if (!("accountId" in principal)) {
    return grant === undefined ? lacks("resource-based policy") : allowed({ resource: sides.resource });
  }
  const isOwner = principal.accountId === question.resourceAccountId;
  if (isOwner && grant === "direct") return allowed({ resource: sides.resource });
  if (resourcePolicy?.mustAllow && grant === undefined) return lacks("resource-based policy");
  const isGiven = (isOwner && grant === "role") || principal.type === "root";
  if (!isGiven && sides.identity.allows.length === 0) return lacks("identity-based policy");
  if (sides.boundary?.allows.length === 0) return lacks("permissions boundary");
  if (sides.session?.allows.length === 0) return lacks("session policy");
  if (!isOwner && grant === undefined) return lacks("resource-based policy");
  return allowed(sides);
}

/** How a statement names the principal, or belongs to it: the strongest first. */
const grants = ["direct", "role", "account"] as const;
type Grant = (typeof grants)[number];

/** The statements that speak about the question. */
type Weighed = { allows: readonly Match[]; denies: readonly Match[] };
type Match = { source: string; statement: Statement; grant: Grant };

type Sides = { identity: Weighed; resource: Weighed; boundary?: Weighed; session?: Weighed };

/** In the order in which a refusal names them. */
const nameOfSide = {
  identity: "an identity-based policy",
  resource: "a resource-based policy",
  boundary: "a permissions boundary",
  session: "a session policy",
} as const satisfies Record<keyof Sides, string>;

const sideNames = Object.keys(nameOfSide) as (keyof Sides)[];

const ofCaller = (): Grant => "direct";
const ofResource = ({ principals }: Statement, { principal }: AccessQuestion) => principals?.(principal);

function weigher(question: AccessQuestion, missing: Set<string>) {
  const action = splitAction(question.action);
  const arn = splitArn(question.resource);
  const lookup: Lookup = ({ name, lower }) => {
    if (Object.hasOwn(question.context, lower)) return question.context[lower];
    missing.add(name);
    return undefined;
  };
  const speaks = ({ actions, resources, conditions }: Statement): boolean => {
    if (!actions(action) || resources?.(arn, lookup) === false) return false;
    // All are asked, also after a false one, so that all missing keys are known.
    let holds = true;
    for (const condition of conditions) holds = condition(lookup) && holds;
    return holds;
  };
  return (policies: readonly SourcedPolicy[], grantOf: typeof ofResource): Weighed => {
    const weighed = { allows: [] as Match[], denies: [] as Match[] };
    for (const { source, policy } of policies) {
      for (const statement of policy.statements) {
        const grant = grantOf(statement, question);
        if (grant === undefined || !speaks(statement)) continue;
        weighed[statement.effect === "Allow" ? "allows" : "denies"].push({ source, statement, grant });
      }
    }
    return weighed;
  };
}

function strongestGrant({ allows }: Weighed): Grant | undefined {
  return grants.find((grant) => allows.some((match) => match.grant === grant));
}

function explicitDeny(sides: Sides): Verdict | undefined {
  const denying = sideNames.filter((side) => 0 < (sides[side]?.denies.length ?? 0));
  if (denying[0] === undefined) return undefined;
  return {
    allowed: false,
    decision: "explicitDeny",
    reason: `with an explicit deny in ${nameOfSide[denying[0]]}`,
    matched: denying.flatMap((side) => sides[side]!.denies.map(matchedStatement)),
  };
}

function implicitDeny(reason: string): Verdict {
  return { allowed: false, decision: "implicitDeny", reason, matched: [] };
}

function allowed(sides: Partial<Sides>): Verdict {
  const allowing = sideNames.filter((side) => 0 < (sides[side]?.allows.length ?? 0));
  return {
    allowed: true,
    decision: "allowed",
    reason: allowing[0] === undefined ? "as the root of the account" : `by ${nameOfSide[allowing[0]]}`,
    matched: allowing.flatMap((side) => sides[side]!.allows.map(matchedStatement)),
  };
}

function matchedStatement({ source, statement: { sid, index, effect, start, end } }: Match): MatchedStatement {
  return { source, ...(sid !== undefined && { sid }), index, effect, start, end };
}
