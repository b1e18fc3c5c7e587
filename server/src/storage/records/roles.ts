/**
 * IAM's roles.
 */
import type { Kysely, Updateable } from "kysely";
import { buildEntityArn, type EntityPage, nameColumns, parseEntityArn } from "./entities.ts";
import { beyondPrefix } from "./key-order.ts";
import type { RoleRow, Tables } from "./tables.ts";

export type Role = {
  /** `AROA…` */
  id: string;
  arn: string;
  account: string;
  name: string;
  path: string;
  createdAt: number;
  description: string | undefined;
  maxSessionSeconds: number;
  /** Users and roles stand in it by their unique ids. */
  trustPolicy: string;
  /** ARN of the managed policy that bounds what all others may give. */
  boundary: string | undefined;
  tags: Readonly<Record<string, string>>;
  lastUsed: { at: number; region: string } | undefined;
};

export type NewRole = Omit<Role, "arn" | "lastUsed">;

export async function insertRole(db: Kysely<Tables>, role: NewRole): Promise<"inserted" | "exists"> {
  const { id, account, createdAt } = role;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("roles")
    .values({ id, account, created_at: createdAt, ...columnsOf(role), last_used_at: null, last_used_region: null })
    .onConflict((conflict) => conflict.columns(["account", "lower_name"]).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

/** Names are compared without case. */
export async function findRole(db: Kysely<Tables>, account: string, name: string): Promise<Role | undefined> {
  const row = await db
    .selectFrom("roles")
    .selectAll()
    .where("account", "=", account)
    .where("lower_name", "=", name.toLowerCase())
    .executeTakeFirst();
  return row && roleOf(row);
}

export async function findRoleById(db: Kysely<Tables>, id: string): Promise<Role | undefined> {
  const row = await db.selectFrom("roles").selectAll().where("id", "=", id).executeTakeFirst();
  return row && roleOf(row);
}

/** An ARN is compared to the letter. */
export async function findRoleByArn(db: Kysely<Tables>, arn: string): Promise<Role | undefined> {
  const named = parseEntityArn("role", arn);
  const role = named && (await findRole(db, named.account, named.name));
  return role?.arn === arn ? role : undefined;
}

export async function listRoles(
  db: Kysely<Tables>,
  account: string,
  { pathPrefix = "/", after, limit }: EntityPage,
): Promise<Role[]> {
  const rows = await db
    .selectFrom("roles")
    .selectAll()
    .where("account", "=", account)
    .where("path", ">=", pathPrefix)
    .where("path", "<", beyondPrefix(pathPrefix)!)
    .$if(after !== undefined, (query) => query.where("lower_name", ">", after!.toLowerCase()))
    .orderBy("lower_name")
    .limit(limit)
    .execute();
  return rows.map(roleOf);
}

export type RoleChange = Partial<Pick<Role, "description" | "maxSessionSeconds" | "trustPolicy" | "boundary" | "tags">>;

/** For a transaction in turn with others of the account. */
export async function updateRole(db: Kysely<Tables>, before: Role, change: RoleChange): Promise<void> {
  await db
    .updateTable("roles")
    .set(columnsOf({ ...before, ...change }))
    .where("id", "=", before.id)
    .execute();
}

export async function noteRoleUse(
  db: Kysely<Tables>,
  id: string,
  { at, region }: { at: number; region: string },
): Promise<void> {
  await db.updateTable("roles").set({ last_used_at: at, last_used_region: region }).where("id", "=", id).execute();
}

export async function deleteRole(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("roles").where("id", "=", id).execute();
}

export async function countRoles(db: Kysely<Tables>, account: string): Promise<number> {
  const { count } = await db
    .selectFrom("roles")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", account)
    .executeTakeFirstOrThrow();
  return Number(count);
}

function columnsOf({ name, path, description, maxSessionSeconds, trustPolicy, boundary, tags }: NewRole) {
  return {
    ...nameColumns(name),
    path,
    description: description ?? null,
    max_session_seconds: maxSessionSeconds,
    trust_policy: trustPolicy,
    boundary: boundary ?? null,
    tags: JSON.stringify(tags),
  } satisfies Updateable<RoleRow>;
}

function roleOf(row: RoleRow): Role {
  const { last_used_at, last_used_region } = row;
  return {
    id: row.id,
    arn: buildEntityArn("role", row),
    account: row.account,
    name: row.name,
    path: row.path,
    createdAt: row.created_at,
    description: row.description ?? undefined,
    maxSessionSeconds: row.max_session_seconds,
    trustPolicy: row.trust_policy,
    boundary: row.boundary ?? undefined,
    tags: JSON.parse(row.tags),
    lastUsed: last_used_at === null ? undefined : { at: last_used_at, region: last_used_region ?? "" },
  };
}
