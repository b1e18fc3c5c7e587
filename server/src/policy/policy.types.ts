/**
 * The IAM policy language: policies, the questions put to them, and the answers.
 */

/** Parsed, checked, ready to be matched. */
export type Policy = { version: "2012-10-17" | "2008-10-17"; id?: string; statements: readonly Statement[] };

/** Which elements a policy must have and which it may not. */
export type PolicyKind = "identity" | "resource" | "trust" | "key";

export type Statement = {
  sid?: string;
  /** Its place in the document, from 0. */
  index: number;
  effect: "Allow" | "Deny";
  start: Position;
  end: Position;
  actions: ActionTest;
  /** `undefined` in trust policies, which are about the role they belong to. */
  resources?: ResourceTest;
  /** `undefined` in identity policies, which are about whom they are attached to. */
  principals?: PrincipalTest;
  conditions: readonly ConditionTest[];
};

/** Of a character of a document; both count from 1. */
export type Position = { line: number; column: number };

/** Both parts in lower case. */
export type ActionTest = (action: { service: string; name: string }) => boolean;

/** `arn`: split at its first five colons; `undefined`: all resources, or what is no ARN. */
export type ResourceTest = (arn: readonly string[] | undefined, lookup: Lookup) => boolean;

/**
 * How a statement speaks about who asks; `undefined`: not at all.
 * "account": it names the account, which leaves the decision to the account's own policies.
 * "role": it names the role of a session. "direct": it names the one who asks, or everybody.
 */
export type PrincipalTest = (principal: PolicyPrincipal) => "direct" | "role" | "account" | undefined;

export type ConditionTest = (lookup: Lookup) => boolean;

/** `name`: as the policy writes it. `lower`: as contexts name it. */
export type ContextKey = { name: string; lower: string };

/** The value of a condition key in this request; notes those that were asked for and are absent. */
export type Lookup = (key: ContextKey) => string | readonly string[] | undefined;

/** Values of condition keys, by lower-case name. A key that holds a list is multi-valued. */
export type ConditionContext = Readonly<Record<string, string | readonly string[]>>;

/** Where a policy comes from, for explanations: "inline policy NAME of user X", an ARN, ... */
export type SourcedPolicy = { source: string; policy: Policy };

/** Who asks, as principals of resource policies name them. */
export type PolicyPrincipal =
  | { type: "anonymous" }
  | ({ type: "root" } & InAccount)
  /** `id`: AIDA… */
  | ({ type: "user"; arn: string; id: string } & InAccount)
  /** An assumed role. `arn`: arn:aws:sts::…:assumed-role/ROLE/SESSION; `roleId`: AROA… */
  | ({ type: "session"; arn: string; roleArn: string; roleId: string } & InAccount)
  | ({ type: "federated-user"; arn: string } & InAccount)
  /** `provider`: the ARN of an OIDC provider, or its host and path. */
  | { type: "web-identity"; provider: string }
  /** `name`: elastictranscoder.amazonaws.com */
  | { type: "service"; name: string };

/** `canonicalId`: the account as S3 writes it, 64 hexadecimal digits. */
type InAccount = { accountId: string; canonicalId?: string };

export type AccessQuestion = {
  principal: PolicyPrincipal;
  /** "s3:GetObject" */
  action: string;
  /** An ARN or "*". */
  resource: string;
  resourceAccountId: string;
  context: ConditionContext;
  identity: readonly SourcedPolicy[];
  boundary?: SourcedPolicy;
  /** Present, even empty: limits what the identity's policies give. `undefined`: no limit. */
  session?: readonly SourcedPolicy[];
  /** `mustAllow`: role trust and key policies, which must allow themselves or leave it to the account. */
  resourcePolicy?: SourcedPolicy & { mustAllow?: boolean };
};

export type Decision = {
  allowed: boolean;
  /** As the policy simulator calls them. */
  decision: "allowed" | "explicitDeny" | "implicitDeny";
  /** How the text of a denial ends: "because no identity-based policy allows the s3:GetObject action", "with an explicit deny in a session policy". */
  reason: string;
  /** The statements that matched and decided. */
  matched: readonly MatchedStatement[];
  /** Condition keys that statements asked for and the context lacks, as they wrote them. */
  missingContext: readonly string[];
};

export type MatchedStatement = {
  source: string;
  sid?: string;
  index: number;
  effect: "Allow" | "Deny";
  start: Position;
  end: Position;
};
