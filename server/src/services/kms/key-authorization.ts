/**
 * What using a KMS key asks for: the key's own policy must allow it, or leave it to the account, or somebody has granted
 * it. For the KMS API, and for services that use keys on a caller's behalf: `ctx.demand(keyAuthorization(…))`.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html
 */
import type { EncryptionContext, KeyOwner, KmsKey } from "../../storage/keys/key-store.ts";
import type { Grant, GrantConstraints } from "../../storage/records/kms-grants.ts";
import type { Authorization } from "../operation.ts";

export type KeyUse = {
  /** The encryption context of the call; `undefined` where the action has none. */
  context?: EncryptionContext | undefined;
  /** The service that calls on the caller's behalf. */
  viaService?: KeyOwner;
  /** Default: the account of the key. */
  callerAccount?: string;
  /** The key's grants to the caller, as far as they are known. Those that fit allow what policies do not deny. */
  grants?: readonly Grant[];
  /** `alias/NAME`, when the call names the key so. */
  requestAlias?: string | undefined;
  resourceAliases?: readonly string[];
  /** More condition keys, by lower-case name. */
  conditions?: Readonly<Record<string, string | readonly string[]>>;
};

/** `action`: without `kms:`. */
export function keyAuthorization(key: KmsKey, action: string, use: KeyUse = {}): Authorization {
  const granting = (use.grants ?? []).filter((grant) => fits(grant, action, use.context));
  return {
    action: `kms:${action}`,
    resource: key.arn,
    accountId: key.account,
    context: conditionsOf(key, use),
    resourcePolicy: {
      source: `key policy of ${key.arn}`,
      document: granting.length === 0 ? key.policy : withGrants(key.policy, granting, action),
      mustAllow: true,
    },
  };
}

function conditionsOf(key: KmsKey, use: KeyUse): Record<string, string | readonly string[]> {
  const { context, viaService, callerAccount = key.account, requestAlias, resourceAliases = [], conditions } = use;
  const found: Record<string, string | readonly string[]> = {
    "kms:calleraccount": callerAccount,
    "kms:keyspec": "SYMMETRIC_DEFAULT",
    "kms:keyusage": "ENCRYPT_DECRYPT",
    "kms:keyorigin": "AWS_KMS",
    "kms:multiregion": "false",
    "aws:resourceaccount": key.account,
  };
  for (const [name, value] of Object.entries(key.tags)) found[`aws:resourcetag/${name.toLowerCase()}`] = value;
  if (context !== undefined) {
    found["kms:encryptionalgorithm"] = "SYMMETRIC_DEFAULT";
    for (const [name, value] of Object.entries(context)) found[`kms:encryptioncontext:${name.toLowerCase()}`] = value;
    if (0 < Object.keys(context).length) found["kms:encryptioncontextkeys"] = Object.keys(context);
  }
  if (viaService !== undefined) found["kms:viaservice"] = `${viaService}.${key.region}.amazonaws.com`;
  if (requestAlias !== undefined) found["kms:requestalias"] = requestAlias;
  if (0 < resourceAliases.length) found["kms:resourcealiases"] = resourceAliases;
  return { ...found, ...conditions };
}

/** Constraints are about encryption contexts: where an action has none, they do not matter. */
function fits({ operations, constraints }: Grant, action: string, context: EncryptionContext | undefined): boolean {
  return operations.includes(action) && (context === undefined || meets(context, constraints));
}

function meets(context: EncryptionContext, constraints: GrantConstraints = {}): boolean {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints;
  if (subset !== undefined && !holds(context, subset)) return false;
  return equals === undefined || isEqual(context, equals);
}

/** Whether all pairs of `part` are in `whole`. */
export function holds(whole: EncryptionContext, part: EncryptionContext): boolean {
  return Object.entries(part).every(([name, value]) => Object.hasOwn(whole, name) && whole[name] === value);
}

export function isEqual(one: EncryptionContext, other: EncryptionContext): boolean {
  return holds(one, other) && holds(other, one);
}

/** A grant speaks as one more statement of the key policy, so that what is denied elsewhere stays denied. */
function withGrants(policy: string, grants: readonly Grant[], action: string): string {
  const document = JSON.parse(policy);
  const granted = grants.map(({ id, grantee }) => ({
    Sid: `grant ${id}`,
    Effect: "Allow",
    Principal: { AWS: grantee },
    Action: `kms:${action}`,
    Resource: "*",
  }));
  return JSON.stringify({ ...document, Statement: [document.Statement, granted].flat() });
}
