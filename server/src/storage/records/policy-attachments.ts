/**
 * Which managed policies are attached to which users, groups and roles.
 */
import type { ExpressionBuilder, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Again is as once. */
export async function attachPolicy(db: Kysely<Tables>, ownerId: string, policyArn: string): Promise<void> {
  await db
    .insertInto("policy_attachments")
    .values({ owner_id: ownerId, policy_arn: policyArn })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function detachPolicy(
  db: Kysely<Tables>,
  ownerId: string,
  policyArn: string,
): Promise<"detached" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("policy_attachments")
    .where("owner_id", "=", ownerId)
    .where("policy_arn", "=", policyArn)
    .executeTakeFirst();
  return numDeletedRows === 1n ? "detached" : "missing";
}

/** ARNs, in their order. */
export async function attachedPoliciesOf(db: Kysely<Tables>, ownerId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("policy_attachments")
    .select("policy_arn")
    .where("owner_id", "=", ownerId)
    .orderBy("policy_arn")
    .execute();
  return rows.map(({ policy_arn }) => policy_arn);
}

/** Who of an account has it attached: `AIDA…`, `AGPA…` and `AROA…`. */
export async function ownersOfPolicy(db: Kysely<Tables>, account: string, policyArn: string): Promise<string[]> {
  const rows = await db
    .selectFrom("policy_attachments")
    .select("owner_id")
    .where("policy_arn", "=", policyArn)
    .where(ownedBy(account))
    .orderBy("owner_id")
    .execute();
  return rows.map(({ owner_id }) => owner_id);
}

/** Users and roles of an account that it bounds, by their ids. */
export async function boundedBy(db: Kysely<Tables>, account: string, policyArn: string): Promise<string[]> {
  const users = await db
    .selectFrom("users")
    .select("id")
    .where("boundary", "=", policyArn)
    .where("account", "=", account)
    .orderBy("id")
    .execute();
  const roles = await db
    .selectFrom("roles")
    .select("id")
    .where("boundary", "=", policyArn)
    .where("account", "=", account)
    .orderBy("id")
    .execute();
  return [...users, ...roles].map(({ id }) => id);
}

/** How many users, groups and roles of an account have each policy attached, and how many it bounds, by ARN. */
export async function policyUsage(
  db: Kysely<Tables>,
  account: string,
): Promise<Map<string, { attachments: number; boundaries: number }>> {
  const usage = new Map<string, { attachments: number; boundaries: number }>();
  const of = (arn: string) => {
    const known = usage.get(arn) ?? { attachments: 0, boundaries: 0 };
    usage.set(arn, known);
    return known;
  };
  const attached = await db
    .selectFrom("policy_attachments")
    .select((eb) => ["policy_arn", eb.fn.countAll().as("count")])
    .where(ownedBy(account))
    .groupBy("policy_arn")
    .execute();
  for (const { policy_arn, count } of attached) of(policy_arn).attachments = Number(count);
  for (const owners of ["users", "roles"] as const) {
    const rows = await db
      .selectFrom(owners)
      .select((eb) => ["boundary", eb.fn.countAll().as("count")])
      .where("account", "=", account)
      .where("boundary", "is not", null)
      .groupBy("boundary")
      .execute();
    for (const { boundary, count } of rows) of(boundary!).boundaries += Number(count);
  }
  return usage;
}

function ownedBy(account: string) {
  return (eb: ExpressionBuilder<Tables, "policy_attachments">) =>
    eb.or([
      eb("owner_id", "in", eb.selectFrom("users").select("id").where("account", "=", account)),
      eb("owner_id", "in", eb.selectFrom("groups").select("id").where("account", "=", account)),
      eb("owner_id", "in", eb.selectFrom("roles").select("id").where("account", "=", account)),
    ]);
}
