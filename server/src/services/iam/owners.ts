/**
 * Users, groups and roles as operations name them: found or refused, and what an action on them is judged by.
 */
import type { ConditionContext } from "../../policy/policy.types.ts";
import { buildEntityArn } from "../../storage/records/entities.ts";
import { findGroup, type Group } from "../../storage/records/groups.ts";
import { findRole, type Role } from "../../storage/records/roles.ts";
import { findUser, findUserById, type User } from "../../storage/records/users.ts";
import type { Authorization } from "../operation.ts";
import type { Call, Database } from "./context.ts";
import { mustNameUser, noSuch, type OwnerKind } from "./errors.ts";
import { resourceTags } from "./tag-set.ts";

export type Owners = { user: User; group: Group; role: Role };

const finders: {
  [Kind in OwnerKind]: (db: Database, account: string, name: string) => Promise<Owners[Kind] | undefined>;
} = {
  user: findUser,
  group: findGroup,
  role: findRole,
};

/** @throws ServiceError */
export async function need<Kind extends OwnerKind>(
  kind: Kind,
  name: string,
  ctx: Call,
  db: Database = ctx.records.db,
): Promise<Owners[Kind]> {
  const found = await finders[kind](db, ctx.accountId, name);
  if (found === undefined) throw noSuch(kind, name);
  return found;
}

/** Without a name: who asks. @throws ServiceError */
export async function needUser(name: string | undefined, ctx: Call, db: Database = ctx.records.db): Promise<User> {
  if (name !== undefined) return need("user", name, ctx, db);
  const user = await callingUser(ctx, db);
  if (user === undefined) throw mustNameUser();
  return user;
}

/** `undefined`: root, or the session of a role. */
export async function callingUser({ caller, records }: Call, db: Database = records.db): Promise<User | undefined> {
  if (caller?.userId === undefined || caller.isRoot || caller.session?.role !== undefined) return undefined;
  return findUserById(db, caller.userId);
}

/** Its ARN, also where there is none of this name; with its tags and its boundary. */
export async function onOwner(
  action: string,
  kind: OwnerKind,
  name: string | undefined,
  ctx: Call,
  context: ConditionContext = {},
): Promise<Authorization> {
  const found = name === undefined ? await callingUser(ctx) : await finders[kind](ctx.records.db, ctx.accountId, name);
  const resource = found?.arn ?? (name === undefined ? callerArn(ctx) : newArn(kind, { name }, ctx));
  const known = found !== undefined && kind !== "group" ? contextOf(found as User | Role) : {};
  return { action: `iam:${action}`, resource, context: { ...known, ...context } };
}

export function newArn(
  kind: OwnerKind | "policy",
  { name, path = "/" }: { name: string; path?: string | undefined },
  ctx: Call,
) {
  return buildEntityArn(kind, { account: ctx.accountId, path, name });
}

function callerArn({ caller, accountId }: Call): string {
  return caller?.principalArn ?? `arn:aws:iam::${accountId}:root`;
}

function contextOf({ tags, boundary }: User | Role): ConditionContext {
  return { ...resourceTags(tags), ...(boundary !== undefined && { "iam:permissionsboundary": boundary }) };
}
