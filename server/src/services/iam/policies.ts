/**
 * Managed policies as operations name them, by ARN: found or refused, and what an action on them is judged by.
 */
import type { ConditionContext } from "../../policy/policy.types.ts";
import { builtInPolicies } from "../../storage/records/built-in-policies.ts";
import { findManagedPolicy, type ManagedPolicy } from "../../storage/records/managed-policies.ts";
import type { Authorization } from "../operation.ts";
import type { Call, Database } from "./context.ts";
import { invalid, invalidInput, noSuchPolicy, notAttachable, outsideAccount } from "./errors.ts";
import { resourceTags } from "./tag-set.ts";

/** A policy that this account may see. @throws ServiceError */
export async function needPolicy(
  arn: string,
  { accountId, records }: Call,
  db: Database = records.db,
): Promise<ManagedPolicy> {
  if (!/^arn:aws:iam::(?:\d{12}|aws):policy\/\S+$/.test(arn)) throw invalid(`ARN ${arn} is not valid.`);
  const policy = await findManagedPolicy(db, arn);
  if (policy === undefined || !isVisible(policy, accountId)) throw noSuchPolicy(arn);
  return policy;
}

/** One that it may change. @throws ServiceError */
export async function needOwnPolicy(arn: string, ctx: Call, db: Database): Promise<ManagedPolicy> {
  if (builtInPolicies.has(arn)) throw outsideAccount();
  return needPolicy(arn, ctx, db);
}

/** @throws ServiceError */
export async function needAttachable(arn: string, { accountId }: Call, db: Database): Promise<ManagedPolicy> {
  const policy = await findManagedPolicy(db, arn);
  if (policy === undefined || !isVisible(policy, accountId)) throw notAttachable(arn);
  return policy;
}

export async function onPolicy(
  action: string,
  arn: string,
  { accountId, records }: Call,
  context: ConditionContext = {},
): Promise<Authorization> {
  const policy = await findManagedPolicy(records.db, arn);
  const tags = policy !== undefined && isVisible(policy, accountId) ? resourceTags(policy.tags) : {};
  return { action: `iam:${action}`, resource: arn, context: { ...tags, ...context } };
}

/** `v1`. */
export function versionId(number: number): string {
  return `v${number}`;
}

/** @throws ServiceError */
export function versionNumber(id: string): number {
  const number = Number(/^v([1-9]\d{0,8})$/.exec(id)?.[1]);
  if (Number.isNaN(number)) throw invalidInput(`Policy version ${id} is not valid.`);
  return number;
}

function isVisible({ account }: ManagedPolicy, accountId: string): boolean {
  return account === accountId || account === "aws";
}
