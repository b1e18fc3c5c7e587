/**
 * IAM's groups, and who is in them.
 */
import type { Kysely } from "kysely";
import { buildEntityArn, type EntityPage, nameColumns } from "./entities.ts";
import { beyondPrefix } from "./key-order.ts";
import type { GroupRow, Tables } from "./tables.ts";
import { type User, userOf } from "./users.ts";

export type Group = {
  /** `AGPA…` */
  id: string;
  arn: string;
  account: string;
  name: string;
  path: string;
  createdAt: number;
};

export async function insertGroup(db: Kysely<Tables>, group: Omit<Group, "arn">): Promise<"inserted" | "exists"> {
  const { id, account, name, path, createdAt } = group;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("groups")
    .values({ id, account, ...nameColumns(name), path, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(["account", "lower_name"]).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

/** Names are compared without case. */
export async function findGroup(db: Kysely<Tables>, account: string, name: string): Promise<Group | undefined> {
  const row = await db
    .selectFrom("groups")
    .selectAll()
    .where("account", "=", account)
    .where("lower_name", "=", name.toLowerCase())
    .executeTakeFirst();
  return row && groupOf(row);
}

export async function findGroupById(db: Kysely<Tables>, id: string): Promise<Group | undefined> {
  const row = await db.selectFrom("groups").selectAll().where("id", "=", id).executeTakeFirst();
  return row && groupOf(row);
}

export async function listGroups(
  db: Kysely<Tables>,
  account: string,
  { pathPrefix = "/", after, limit }: EntityPage,
): Promise<Group[]> {
  const rows = await db
    .selectFrom("groups")
    .selectAll()
    .where("account", "=", account)
    .where("path", ">=", pathPrefix)
    .where("path", "<", beyondPrefix(pathPrefix)!)
    .$if(after !== undefined, (query) => query.where("lower_name", ">", after!.toLowerCase()))
    .orderBy("lower_name")
    .limit(limit)
    .execute();
  return rows.map(groupOf);
}

/** For a transaction in turn with others of the account. */
export async function updateGroup(
  db: Kysely<Tables>,
  before: Group,
  { name = before.name, path = before.path }: Partial<Pick<Group, "name" | "path">>,
): Promise<void> {
  await db
    .updateTable("groups")
    .set({ ...nameColumns(name), path })
    .where("id", "=", before.id)
    .execute();
}

export async function deleteGroup(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("groups").where("id", "=", id).execute();
}

export async function countGroups(db: Kysely<Tables>, account: string): Promise<number> {
  const { count } = await db
    .selectFrom("groups")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("account", "=", account)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Again is as once. */
export async function addToGroup(db: Kysely<Tables>, groupId: string, userId: string): Promise<void> {
  await db
    .insertInto("group_members")
    .values({ group_id: groupId, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function removeFromGroup(
  db: Kysely<Tables>,
  groupId: string,
  userId: string,
): Promise<"removed" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("group_members")
    .where("group_id", "=", groupId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return numDeletedRows === 1n ? "removed" : "missing";
}

/** By name. */
export async function groupsOfUser(
  db: Kysely<Tables>,
  userId: string,
  { after, limit }: Partial<EntityPage> = {},
): Promise<Group[]> {
  const rows = await db
    .selectFrom("group_members")
    .innerJoin("groups", "groups.id", "group_members.group_id")
    .selectAll("groups")
    .where("group_members.user_id", "=", userId)
    .$if(after !== undefined, (query) => query.where("groups.lower_name", ">", after!.toLowerCase()))
    .orderBy("groups.lower_name")
    .$if(limit !== undefined, (query) => query.limit(limit!))
    .execute();
  return rows.map(groupOf);
}

/** By name. */
export async function usersInGroup(
  db: Kysely<Tables>,
  groupId: string,
  { after, limit }: Omit<EntityPage, "pathPrefix">,
): Promise<User[]> {
  const rows = await db
    .selectFrom("group_members")
    .innerJoin("users", "users.id", "group_members.user_id")
    .selectAll("users")
    .where("group_members.group_id", "=", groupId)
    .$if(after !== undefined, (query) => query.where("users.lower_name", ">", after!.toLowerCase()))
    .orderBy("users.lower_name")
    .limit(limit)
    .execute();
  return rows.map(userOf);
}

function groupOf(row: GroupRow): Group {
  return {
    id: row.id,
    arn: buildEntityArn("group", row),
    account: row.account,
    name: row.name,
    path: row.path,
    createdAt: row.created_at,
  };
}
