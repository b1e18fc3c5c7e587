/**
 * Who a simulation is about, and the policies they have.
 */
import type { ConditionContext, PolicyPrincipal } from "../../policy/policy.types.ts";
import { parseEntityArn } from "../../storage/records/entities.ts";
import { groupsOfUser } from "../../storage/records/groups.ts";
import { inlinePoliciesOf } from "../../storage/records/inline-policies.ts";
import { findManagedPolicy } from "../../storage/records/managed-policies.ts";
import { attachedPoliciesOf } from "../../storage/records/policy-attachments.ts";
import type { Role } from "../../storage/records/roles.ts";
import type { User } from "../../storage/records/users.ts";
import type { Call, Database } from "./context.ts";
import { invalidInput, noSuch, type OwnerKind } from "./errors.ts";
import { need, type Owners } from "./owners.ts";
import type { Simulated, SimulatedPolicy } from "./simulation.ts";
import type { TagSet } from "./tag-set.ts";

type Source = { kind: OwnerKind; account: string; path: string; name: string };

/** @throws ServiceError */
export function parseSource(arn: string): Source {
  for (const kind of ["user", "group", "role"] as const) {
    const named = parseEntityArn(kind, arn);
    if (named !== undefined) return { kind, ...named };
  }
  throw invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
}

/** @throws ServiceError */
export async function needSource(arn: string, ctx: Call): Promise<Simulated> {
  const { kind, name } = parseSource(arn);
  const owner: Owners[OwnerKind] = await need(kind, name, ctx);
  if (owner.arn !== arn) throw noSuch(kind, name);
  const { db } = ctx.records;
  const groups = kind === "user" ? await groupsOfUser(db, owner.id) : [];
  const ofGroups = await Promise.all(groups.map((group) => policiesOf("group", group, db)));
  const policies = [...(await policiesOf(kind, owner, db)), ...ofGroups.flat()];
  if (kind === "group") {
    return { principal: { type: "user", arn, id: owner.id, accountId: owner.account }, policies, context: {} };
  }
  const bounded = owner as User | Role;
  const boundary = bounded.boundary === undefined ? undefined : await managed(bounded.boundary, db);
  const { principal, context } = kind === "user" ? ofUser(bounded as User) : ofRole(bounded as Role);
  return { principal, context, policies, boundary };
}

/** Without an ARN: a user without a name. @throws ServiceError */
export async function simulatedCaller(
  arn: string | undefined,
  ctx: Call,
): Promise<{ principal: PolicyPrincipal; context: ConditionContext }> {
  const accountId = ctx.accountId;
  if (arn === undefined) {
    return { principal: { type: "user", arn: `arn:aws:iam::${accountId}:user/`, id: "", accountId }, context: {} };
  }
  const named = parseEntityArn("user", arn);
  if (named === undefined) throw invalidInput(`Invalid CallerArn: ${arn} is not the ARN of a user.`);
  const user = named.account === accountId ? await need("user", named.name, ctx) : undefined;
  if (user?.arn !== arn) throw noSuch("user", named.name);
  return ofUser(user);
}

function ofUser({ arn, id, account, name, tags }: User) {
  const principal: PolicyPrincipal = { type: "user", arn, id, accountId: account };
  return { principal, context: { ...contextOf(arn, id, account, "User", tags), "aws:username": name } };
}

/** As a session of it. */
function ofRole({ arn, id, account, name, tags }: Role) {
  const principal: PolicyPrincipal = {
    type: "session",
    arn: `arn:aws:sts::${account}:assumed-role/${name}/simulation`,
    roleArn: arn,
    roleId: id,
    accountId: account,
  };
  return { principal, context: contextOf(arn, `${id}:simulation`, account, "AssumedRole", tags) };
}

function contextOf(arn: string, id: string, account: string, type: string, tags: TagSet): ConditionContext {
  return {
    "aws:principalarn": arn,
    "aws:principalaccount": account,
    "aws:principaltype": type,
    "aws:userid": id,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value])),
  };
}

async function policiesOf(
  kind: OwnerKind,
  { id, name }: { id: string; name: string },
  db: Database,
): Promise<SimulatedPolicy[]> {
  const inline = (await inlinePoliciesOf(db, id)).map((policy) => ({
    id: `${kind}_${name}_${policy.name}`,
    type: kind,
    document: policy.document,
  }));
  const attached = await Promise.all((await attachedPoliciesOf(db, id)).map((arn) => managed(arn, db)));
  return [...inline, ...attached.filter((policy) => policy !== undefined)];
}

async function managed(arn: string, db: Database): Promise<SimulatedPolicy | undefined> {
  const policy = await findManagedPolicy(db, arn);
  if (policy === undefined) return undefined;
  return {
    id: policy.name,
    type: policy.account === "aws" ? "aws-managed" : "user-managed",
    document: policy.document,
  };
}
