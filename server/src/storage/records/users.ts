/**
 * IAM's users.
 */
import type { Kysely, Updateable } from "kysely";
import { buildEntityArn, type EntityPage, nameColumns } from "./entities.ts";
import { beyondPrefix } from "./key-order.ts";
import type { Tables, UserRow } from "./tables.ts";

export type User = {
  /** `AIDA…` */
  id: string;
  arn: string;
  account: string;
  name: string;
  /** `/`, or `/between/slashes/`. */
  path: string;
  createdAt: number;
  /** ARN of the managed policy that bounds what all others may give. */
  boundary: string | undefined;
  tags: Readonly<Record<string, string>>;
};

export async function insertUser(db: Kysely<Tables>, user: Omit<User, "arn">): Promise<"inserted" | "exists"> {
  const { id, account, createdAt } = user;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("users")
    .values({ id, account, created_at: createdAt, ...columnsOf(user) })
    .onConflict((conflict) => conflict.columns(["account", "lower_name"]).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

/** Names are compared without case. */
export async function findUser(db: Kysely<Tables>, account: string, name: string): Promise<User | undefined> {
  const row = await db
    .selectFrom("users")
    .selectAll()
    .where("account", "=", account)
    .where("lower_name", "=", name.toLowerCase())
    .executeTakeFirst();
  return row && userOf(row);
}

export async function findUserById(db: Kysely<Tables>, id: string): Promise<User | undefined> {
  const row = await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
  return row && userOf(row);
}

export async function listUsers(
  db: Kysely<Tables>,
  account: string,
  { pathPrefix = "/", after, limit }: EntityPage,
): Promise<User[]> {
  const rows = await db
    .selectFrom("users")
    .selectAll()
    .where("account", "=", account)
    .where("path", ">=", pathPrefix)
    .where("path", "<", beyondPrefix(pathPrefix)!)
    .$if(after !== undefined, (query) => query.where("lower_name", ">", after!.toLowerCase()))
    .orderBy("lower_name")
    .limit(limit)
    .execute();
  return rows.map(userOf);
}

export type UserChange = Partial<Pick<User, "name" | "path" | "boundary" | "tags">>;

/** For a transaction in turn with others of the account. Its access keys keep up with its name. */
export async function updateUser(db: Kysely<Tables>, before: User, change: UserChange): Promise<void> {
  await db
    .updateTable("users")
    .set(columnsOf({ ...before, ...change }))
    .where("id", "=", before.id)
    .execute();
  if (change.name === undefined) return;
  await db.updateTable("access_keys").set({ user_name: change.name }).where("user_id", "=", before.id).execute();
}

export async function deleteUser(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("users").where("id", "=", id).execute();
}

export async function countUsers(db: Kysely<Tables>, account: string): Promise<number> {
  const { count } = await db
    .selectFrom("users")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", account)
    .executeTakeFirstOrThrow();
  return Number(count);
}

function columnsOf({ name, path, boundary, tags }: Omit<User, "arn">) {
  return {
    ...nameColumns(name),
    path,
    boundary: boundary ?? null,
    tags: JSON.stringify(tags),
  } satisfies Updateable<UserRow>;
}

export function userOf(row: UserRow): User {
  return {
    id: row.id,
    arn: buildEntityArn("user", row),
    account: row.account,
    name: row.name,
    path: row.path,
    createdAt: row.created_at,
    boundary: row.boundary ?? undefined,
    tags: JSON.parse(row.tags),
  };
}
