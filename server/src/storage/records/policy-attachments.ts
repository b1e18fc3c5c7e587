/**
 * Which managed policies are attached to which users, groups and roles.
 */
import type { Kysely } from "kysely";
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
    .leftJoin("users", "users.id", "owner_id")
    .leftJoin("groups", "groups.id", "owner_id")
    .leftJoin("roles", "roles.id", "owner_id")
    .select("owner_id")
    .where("policy_arn", "=", policyArn)
    .where((eb) =>
      eb.or([eb("users.account", "=", account), eb("groups.account", "=", account), eb("roles.account", "=", account)]),
    )
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
