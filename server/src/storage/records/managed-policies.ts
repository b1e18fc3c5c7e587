/**
 * Managed policies and their versions: those of an account, which are rows, and those that every account has.
 */
import type { Kysely } from "kysely";
import { builtInPolicies } from "./built-in-policies.ts";
import { buildEntityArn, nameColumns } from "./entities.ts";
import type { ManagedPolicyRow, Tables } from "./tables.ts";

export type ManagedPolicySummary = {
  /** `ANPA…` */
  id: string;
  arn: string;
  /** `aws`: of every account. */
  account: string;
  name: string;
  path: string;
  description: string | undefined;
  createdAt: number;
  updatedAt: number;
  /** Versions are `v1`, `v2`, …; a number is never given twice. */
  defaultVersion: number;
  lastVersion: number;
  tags: Readonly<Record<string, string>>;
};

/** With the document of its default version. */
export type ManagedPolicy = ManagedPolicySummary & { document: string };

export type PolicyVersion = { number: number; document: string; createdAt: number };

export type NewPolicy = Pick<
  ManagedPolicy,
  "id" | "account" | "name" | "path" | "description" | "createdAt" | "tags" | "document"
>;

/** Of its own account only: names of built-in policies are free. */
export async function insertManagedPolicy(db: Kysely<Tables>, policy: NewPolicy): Promise<"inserted" | "exists"> {
  const { id, account, name, path, description, createdAt, tags, document } = policy;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("managed_policies")
    .values({
      id,
      arn: buildEntityArn("policy", policy),
      account,
      ...nameColumns(name),
      path,
      description: description ?? null,
      created_at: createdAt,
      updated_at: createdAt,
      default_version: 1,
      last_version: 1,
      tags: JSON.stringify(tags),
    })
    .onConflict((conflict) => conflict.columns(["account", "lower_name"]).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) return "exists";
  await db
    .insertInto("policy_versions")
    .values({ policy_id: id, number: 1, document, created_at: createdAt })
    .execute();
  return "inserted";
}

/** Of any account, and the built-in ones. ARNs are compared to the letter. */
export async function findManagedPolicy(db: Kysely<Tables>, arn: string): Promise<ManagedPolicy | undefined> {
  const builtIn = builtInPolicies.get(arn);
  if (builtIn !== undefined) return builtIn;
  const row = await db
    .selectFrom("managed_policies")
    .innerJoin("policy_versions", (join) =>
      join
        .onRef("policy_versions.policy_id", "=", "managed_policies.id")
        .onRef("policy_versions.number", "=", "managed_policies.default_version"),
    )
    .selectAll("managed_policies")
    .select("policy_versions.document")
    .where("arn", "=", arn)
    .executeTakeFirst();
  return row && { ...policyOf(row), document: row.document };
}

/** An account's own, by name. */
export async function listManagedPolicies(db: Kysely<Tables>, account: string): Promise<ManagedPolicySummary[]> {
  const rows = await db
    .selectFrom("managed_policies")
    .selectAll()
    .where("account", "=", account)
    .orderBy("lower_name")
    .execute();
  return rows.map(policyOf);
}

/** For a transaction in turn with others of the account. */
export async function setPolicyTags(db: Kysely<Tables>, id: string, tags: ManagedPolicy["tags"]): Promise<void> {
  await db
    .updateTable("managed_policies")
    .set({ tags: JSON.stringify(tags) })
    .where("id", "=", id)
    .execute();
}

/** Its versions go with it. */
export async function deleteManagedPolicy(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("policy_versions").where("policy_id", "=", id).execute();
  await db.deleteFrom("managed_policies").where("id", "=", id).execute();
}

/** Newest first. */
export async function policyVersionsOf(db: Kysely<Tables>, policy: ManagedPolicy): Promise<PolicyVersion[]> {
  if (policy.account === "aws") return [{ number: 1, document: policy.document, createdAt: policy.createdAt }];
  const rows = await db
    .selectFrom("policy_versions")
    .selectAll()
    .where("policy_id", "=", policy.id)
    .orderBy("number", "desc")
    .execute();
  return rows.map(({ number, document, created_at }) => ({ number, document, createdAt: created_at }));
}

/** Of all policies that are an account's own. */
export async function countPolicyVersions(db: Kysely<Tables>, account: string): Promise<number> {
  const { count } = await db
    .selectFrom("policy_versions")
    .innerJoin("managed_policies", "managed_policies.id", "policy_versions.policy_id")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", account)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** For a transaction in turn with others of the account. */
export async function insertPolicyVersion(
  db: Kysely<Tables>,
  { id, lastVersion }: Pick<ManagedPolicy, "id" | "lastVersion">,
  { document, createdAt, asDefault }: Pick<PolicyVersion, "document" | "createdAt"> & { asDefault: boolean },
): Promise<PolicyVersion> {
  const number = lastVersion + 1;
  await db.insertInto("policy_versions").values({ policy_id: id, number, document, created_at: createdAt }).execute();
  await db.updateTable("managed_policies").set({ last_version: number }).where("id", "=", id).execute();
  if (asDefault) await setDefaultVersion(db, id, number, createdAt);
  return { number, document, createdAt };
}

export async function setDefaultVersion(db: Kysely<Tables>, id: string, number: number, at: number): Promise<void> {
  await db
    .updateTable("managed_policies")
    .set({ default_version: number, updated_at: at })
    .where("id", "=", id)
    .execute();
}

export async function deletePolicyVersion(db: Kysely<Tables>, id: string, number: number): Promise<void> {
  await db.deleteFrom("policy_versions").where("policy_id", "=", id).where("number", "=", number).execute();
}

function policyOf(row: ManagedPolicyRow): ManagedPolicySummary {
  return {
    id: row.id,
    arn: row.arn,
    account: row.account,
    name: row.name,
    path: row.path,
    description: row.description ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    defaultVersion: row.default_version,
    lastVersion: row.last_version,
    tags: JSON.parse(row.tags),
  };
}
