/**
 * All policies that a user or a role holds, in two queries: every request asks for them.
 */
import type { Kysely } from "kysely";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** `group`: the name of the group that a user has it from. */
export type HeldInline = { name: string; document: string; group: string | null };

/** By `AIDA…` with those of the groups, or by `AROA…`. Own ones first. */
export async function heldInlinePolicies(db: Kysely<Tables>, id: string): Promise<HeldInline[]> {
  return (await inlineQuery(db, [id])).rows;
}

/** ARNs, each once. */
export async function heldManagedPolicies(db: Kysely<Tables>, id: string): Promise<string[]> {
  return (await managedQuery(db, [id])).rows.map(({ policy_arn }) => policy_arn);
}

const inlineQuery = prepared<[string], HeldInline>(1, (db, [id]) =>
  db
    .selectFrom("inline_policies")
    .select((eb) => ["name", "document", eb.cast<string | null>(eb.lit(null), "text").as("group")])
    .where("owner_id", "=", id)
    .unionAll(
      db
        .selectFrom("group_members")
        .innerJoin("inline_policies", "owner_id", "group_id")
        .innerJoin("groups", "groups.id", "group_id")
        .select(["inline_policies.name", "document", "groups.name as group"])
        .where("user_id", "=", id),
    ),
);

const managedQuery = prepared<[string], { policy_arn: string }>(1, (db, [id]) =>
  db
    .selectFrom("policy_attachments")
    .select("policy_arn")
    .where("owner_id", "=", id)
    .union(
      db
        .selectFrom("group_members")
        .innerJoin("policy_attachments", "owner_id", "group_id")
        .select("policy_arn")
        .where("user_id", "=", id),
    ),
);
