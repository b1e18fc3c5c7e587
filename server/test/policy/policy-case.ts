/**
 * A row of the policy tables: policies, a question, and the decision that is expected.
 */
import { evaluate } from "../../src/policy/evaluate.ts";
import { parsePolicy } from "../../src/policy/parse-policy.ts";
import type {
  ConditionContext,
  Decision,
  PolicyKind,
  PolicyPrincipal,
  SourcedPolicy,
} from "../../src/policy/policy.types.ts";

export type PolicyCase = {
  name: string;
  expected: Decision["decision"];
  /** Default: the user bob. */
  principal?: PolicyPrincipal;
  /** Default: "s3:GetObject". */
  action?: string;
  /** Default: an object of the account. */
  resource?: string;
  /** The account of the resource. Default: bob's. */
  owner?: string;
  context?: ConditionContext;
  identity?: PolicyText;
  boundary?: PolicyText;
  session?: readonly PolicyText[];
  /** Of a bucket, a topic; must not allow by itself. */
  resourcePolicy?: PolicyText;
  /** Of a role or a key; must allow by itself. */
  trust?: PolicyText;
  key?: PolicyText;
  /** How the decision is worded, where that matters. */
  reason?: string;
  missing?: readonly string[];
  /** The Sids that decided. */
  matched?: readonly string[];
};

/** Statements of the current version, or a whole document. */
export type PolicyText = string | readonly StatementText[];

export type StatementText = Readonly<Record<string, unknown>>;

/** The same in a line: name, question, decision, and the reason where it matters. */
export type CaseRow = readonly [
  name: string,
  question: Omit<PolicyCase, "name" | "expected">,
  expected: PolicyCase["expected"],
  reason?: string,
];

export function casesOf(rows: readonly CaseRow[]): PolicyCase[] {
  return rows.map(([name, question, expected, reason]) => ({
    name,
    ...question,
    expected,
    ...(reason !== undefined && { reason }),
  }));
}

export const account = "111122223333";
export const otherAccount = "444455556666";
export const object = "arn:aws:s3:::media/films/one.mkv";

export const bob = {
  type: "user",
  accountId: account,
  arn: `arn:aws:iam::${account}:user/staff/bob`,
  id: "AIDABOBBOBBOBBOBBOB22",
} as const;

export const session = {
  type: "session",
  accountId: account,
  arn: `arn:aws:sts::${account}:assumed-role/Editor/s1`,
  roleArn: `arn:aws:iam::${account}:role/team/Editor`,
  roleId: "AROAEDITOREDITOREDI22",
} as const;

export const root = { type: "root", accountId: account } as const;

export const federatedUser = {
  type: "federated-user",
  accountId: account,
  arn: `arn:aws:sts::${account}:federated-user/kiosk`,
} as const;

export const anonymous = { type: "anonymous" } as const;
export const transcoder = { type: "service", name: "elastictranscoder.amazonaws.com" } as const;

export function allow(Action: string | readonly string[], more: StatementText = {}): StatementText {
  return statement("Allow", { Action, ...more });
}

export function deny(Action: string | readonly string[], more: StatementText = {}): StatementText {
  return statement("Deny", { Action, ...more });
}

/** Whatever is left out: all resources, and no `Action` beside `NotAction`. */
export function statement(Effect: "Allow" | "Deny", more: StatementText): StatementText {
  const given = { Effect, ...("Resource" in more || "NotResource" in more ? {} : { Resource: "*" }), ...more };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** A document of the version that has variables. */
export function documentOf(policy: PolicyText): string {
  return typeof policy === "string" ? policy : JSON.stringify({ Version: "2012-10-17", Statement: policy });
}

export function decide(row: PolicyCase): Decision {
  const { principal = bob, action = "s3:GetObject", resource = object, owner = account, context = {} } = row;
  const { identity, boundary, session, resourcePolicy, trust, key } = row;
  const own = trust ?? key;
  return evaluate({
    principal,
    action,
    resource,
    resourceAccountId: owner,
    context,
    identity: identity === undefined ? [] : [sourced("identity", identity)],
    ...(boundary !== undefined && { boundary: sourced("identity", boundary, "boundary") }),
    ...(session !== undefined && { session: session.map((policy) => sourced("identity", policy, "session")) }),
    ...(resourcePolicy !== undefined && { resourcePolicy: sourced("resource", resourcePolicy) }),
    ...(own !== undefined && { resourcePolicy: { ...sourced(trust ? "trust" : "key", own), mustAllow: true } }),
  });
}

function sourced(kind: PolicyKind, policy: PolicyText, source: string = kind): SourcedPolicy {
  return { source, policy: parsePolicy(documentOf(policy), kind) };
}
