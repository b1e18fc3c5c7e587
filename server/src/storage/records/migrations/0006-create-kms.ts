/**
 * Keys of KMS: the keys, the generations of bytes behind them, their names, and who was granted what; and where the
 * master key comes from when it is not a file.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createKms(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const bytes = sql.raw(engine === "postgres" ? "bytea" : "blob");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  await sql`create table kms_keys (
    id ${name} primary key, account ${name} not null, region ${name} not null, created_at ${number} not null,
    state text not null, manager text not null, description text not null, policy text not null, tags text not null,
    material ${number} not null, rotation_days ${number}, rotates_at ${number}, deletes_at ${number}) ${byKey}`.execute(
    db,
  );
  await sql`create index kms_keys_by_home on kms_keys (account, region, id)`.execute(db);
  await sql`create index kms_keys_deleting on kms_keys (deletes_at) where deletes_at is not null`.execute(db);
  await sql`create index kms_keys_rotating on kms_keys (rotates_at) where rotates_at is not null`.execute(db);

  await sql`create table kms_materials (
    key_id ${name} not null, number ${number} not null, id ${name} not null, wrapped ${bytes} not null,
    wrapped_by ${name} not null, created_at ${number} not null, made text not null,
    primary key (key_id, number)) ${byKey}`.execute(db);

  await sql`create table kms_aliases (
    account ${name} not null, region ${name} not null, name ${name} not null, key_id ${name} not null,
    created_at ${number} not null, updated_at ${number} not null,
    primary key (account, region, name)) ${byKey}`.execute(db);
  await sql`create index kms_aliases_by_key on kms_aliases (key_id, name)`.execute(db);

  await sql`create table kms_grants (
    key_id ${name} not null, id ${name} not null, account ${name} not null, region ${name} not null,
    created_at ${number} not null, name text, grantee ${name} not null, retiring ${name}, issuer ${name} not null,
    operations text not null, constraints text, primary key (key_id, id)) ${byKey}`.execute(db);
  await sql`create index kms_grants_by_grantee on kms_grants (key_id, grantee)`.execute(db);
  await sql`create index kms_grants_by_retiring on kms_grants (retiring, region, id) where retiring is not null`.execute(
    db,
  );

  await sql`alter table master_keys add column source text`.execute(db);
}
