/**
 * Policies that belong to one user, group or role.
 */
import type { Kysely } from "kysely";
import { nameColumns } from "./entities.ts";
import type { Tables } from "./tables.ts";

export type InlinePolicy = { name: string; document: string };

/** Of the same name, in any case: this one takes its place. */
export async function putInlinePolicy(db: Kysely<Tables>, ownerId: string, { name, document }: InlinePolicy) {
  await db
    .insertInto("inline_policies")
    .values({ owner_id: ownerId, ...nameColumns(name), document })
    .onConflict((conflict) => conflict.columns(["owner_id", "lower_name"]).doUpdateSet({ name, document }))
    .execute();
}

export async function findInlinePolicy(
  db: Kysely<Tables>,
  ownerId: string,
  name: string,
): Promise<InlinePolicy | undefined> {
  const row = await db
    .selectFrom("inline_policies")
    .select(["name", "document"])
    .where("owner_id", "=", ownerId)
    .where("lower_name", "=", name.toLowerCase())
    .executeTakeFirst();
  return row && { name: row.name, document: row.document };
}

/** By name. */
export async function inlinePoliciesOf(db: Kysely<Tables>, ownerId: string): Promise<InlinePolicy[]> {
  const rows = await db
    .selectFrom("inline_policies")
    .select(["name", "document"])
    .where("owner_id", "=", ownerId)
    .orderBy("lower_name")
    .execute();
  return rows.map(({ name, document }) => ({ name, document }));
}

export async function deleteInlinePolicy(
  db: Kysely<Tables>,
  ownerId: string,
  name: string,
): Promise<"deleted" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("inline_policies")
    .where("owner_id", "=", ownerId)
    .where("lower_name", "=", name.toLowerCase())
    .executeTakeFirst();
  return numDeletedRows === 1n ? "deleted" : "missing";
}
