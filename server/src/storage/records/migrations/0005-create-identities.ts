/**
 * Users, groups, roles and policies of IAM. Whoever held an access key until now could do everything, and still can: as
 * a user with the policy AdministratorAccess.
 */
import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createIdentities(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  // `lower_name` is what names are compared by.
  await sql`create table users (
    id ${name} primary key, account ${name} not null, lower_name ${name} not null, name ${name} not null,
    path ${name} not null, created_at ${number} not null, boundary ${name}, tags text not null,
    unique (account, lower_name)) ${byKey}`.execute(db);
  await sql`create index users_by_boundary on users (boundary) where boundary is not null`.execute(db);

  await sql`create table groups (
    id ${name} primary key, account ${name} not null, lower_name ${name} not null, name ${name} not null,
    path ${name} not null, created_at ${number} not null, unique (account, lower_name)) ${byKey}`.execute(db);

  await sql`create table group_members (
    group_id ${name} not null, user_id ${name} not null, primary key (group_id, user_id)) ${byKey}`.execute(db);
  await sql`create index group_members_by_user on group_members (user_id, group_id)`.execute(db);

  await sql`create table roles (
    id ${name} primary key, account ${name} not null, lower_name ${name} not null, name ${name} not null,
    path ${name} not null, created_at ${number} not null, description text, max_session_seconds ${number} not null,
    trust_policy text not null, boundary ${name}, tags text not null, last_used_at ${number}, last_used_region ${name},
    unique (account, lower_name)) ${byKey}`.execute(db);
  await sql`create index roles_by_boundary on roles (boundary) where boundary is not null`.execute(db);

  await sql`create table managed_policies (
    id ${name} primary key, arn ${name} not null unique, account ${name} not null, lower_name ${name} not null,
    name ${name} not null, path ${name} not null, description text, created_at ${number} not null,
    updated_at ${number} not null, default_version ${number} not null, last_version ${number} not null,
    tags text not null, unique (account, lower_name)) ${byKey}`.execute(db);

  await sql`create table policy_versions (
    policy_id ${name} not null, number ${number} not null, document text not null, created_at ${number} not null,
    primary key (policy_id, number)) ${byKey}`.execute(db);

  await sql`create table inline_policies (
    owner_id ${name} not null, lower_name ${name} not null, name ${name} not null, document text not null,
    primary key (owner_id, lower_name)) ${byKey}`.execute(db);

  await sql`create table policy_attachments (
    owner_id ${name} not null, policy_arn ${name} not null, primary key (owner_id, policy_arn)) ${byKey}`.execute(db);
  await sql`create index policy_attachments_by_policy on policy_attachments (policy_arn, owner_id)`.execute(db);

  await sql`create table oidc_providers (
    account ${name} not null, name ${name} not null, created_at ${number} not null, client_ids text not null,
    thumbprints text not null, tags text not null, primary key (account, name)) ${byKey}`.execute(db);

  await sql`alter table access_keys add column user_id ${name}`.execute(db);
  await sql`alter table access_keys add column status text not null default 'Active'`.execute(db);
  await sql`alter table access_keys add column last_used_at ${number}`.execute(db);
  await sql`alter table access_keys add column last_used_service text`.execute(db);
  await sql`alter table access_keys add column last_used_region text`.execute(db);
  await sql`create index access_keys_by_user on access_keys (user_id, created_at) where user_id is not null`.execute(
    db,
  );
  await makeUsersOfKeys(db);
}

async function makeUsersOfKeys(db: AnyDatabase): Promise<void> {
  const { rows: keys } = await sql<{ id: string; account: string; user_name: string; created_at: number }>`
    select id, account, user_name, created_at from access_keys
    where revoked_at is null and user_name <> 'root' order by created_at, id`.execute(db);
  const made = new Set<string>();
  for (const { id: keyId, account, user_name, created_at } of keys) {
    const lowerName = user_name.toLowerCase();
    const id = userIdOf(account, lowerName);
    if (!made.has(id)) {
      made.add(id);
      await sql`insert into users (id, account, lower_name, name, path, created_at, tags)
        values (${id}, ${account}, ${lowerName}, ${user_name}, '/', ${created_at}, '{}')`.execute(db);
      await sql`insert into policy_attachments (owner_id, policy_arn)
        values (${id}, 'arn:aws:iam::aws:policy/AdministratorAccess')`.execute(db);
    }
    await sql`update access_keys set user_id = ${id} where id = ${keyId}`.execute(db);
  }
}

/** Follows from the name, so that a step that is done again does the same. */
function userIdOf(account: string, lowerName: string): string {
  const hash = createHash("sha256").update(`${account}\0${lowerName}`).digest();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return `AIDA${Array.from(hash.subarray(0, 17), (byte) => alphabet[byte % 32]).join("")}`;
}
