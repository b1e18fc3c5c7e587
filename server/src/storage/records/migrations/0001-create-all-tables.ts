/**
 * The first tables. A step that has landed never changes: what is to be different comes in the next one.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createAllTables(db: AnyDatabase, engine: Engine): Promise<void> {
  // Keys and ids compare in byte order on both engines: SQLite does so by itself.
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const bytes = sql.raw(engine === "postgres" ? "bytea" : "blob");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  // A row is found by its whole key: SQLite then needs no second tree.
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  await sql`create table access_keys (
    id ${name} primary key, secret text not null, account ${name} not null, user_name text not null,
    created_at ${number} not null, revoked_at ${number}) ${byKey}`.execute(db);
  await sql`create index access_keys_by_account on access_keys (account, created_at)`.execute(db);

  await sql`create table buckets (
    name ${name} primary key, account ${name} not null, region ${name} not null,
    created_at ${number} not null, settings text not null) ${byKey}`.execute(db);

  // With rowid: inline bytes would make the key's own tree deep.
  await sql`create table objects (
    bucket ${name} not null, key ${name} not null, size ${number} not null, etag text not null,
    modified_at ${number} not null, storage_class text not null, headers text not null, metadata text not null,
    tags text not null, checksums text not null, inline ${bytes}, blob text, parts text,
    primary key (bucket, key))`.execute(db);

  await sql`create table uploads (
    id ${name} primary key, bucket ${name} not null, key ${name} not null, created_at ${number} not null,
    storage_class text not null, headers text not null, metadata text not null, tags text not null,
    checksum_algorithm text, checksum_type text) ${byKey}`.execute(db);
  await sql`create index uploads_by_key on uploads (bucket, key, id)`.execute(db);

  await sql`create table parts (
    upload_id ${name} not null, number ${number} not null, blob text not null, size ${number} not null,
    etag text not null, checksums text not null, modified_at ${number} not null,
    primary key (upload_id, number)) ${byKey}`.execute(db);

  await sql`create table loose_blobs (blob ${name} primary key, sweep_at ${number} not null) ${byKey}`.execute(db);
  await sql`create index loose_blobs_by_time on loose_blobs (sweep_at)`.execute(db);

  await sql`create table pipelines (
    id ${name} primary key, account ${name} not null, region ${name} not null, status ${name} not null,
    document text not null) ${byKey}`.execute(db);
  await sql`create index pipelines_by_home on pipelines (account, region, id)`.execute(db);
  await sql`create index pipelines_by_status on pipelines (status, id)`.execute(db);

  await sql`create table presets (
    id ${name} primary key, account ${name} not null, region ${name} not null, document text not null) ${byKey}`.execute(
    db,
  );
  await sql`create index presets_by_home on presets (account, region, id)`.execute(db);

  await sql`create table jobs (
    id ${name} primary key, account ${name} not null, region ${name} not null, pipeline_id ${name} not null,
    status ${name} not null, submitted_at ${number} not null, started_at ${number}, finished_at ${number},
    lease_owner text, lease_until ${number}, attempt ${number} not null, document text not null, progress text)`.execute(
    db,
  );
  await sql`create index jobs_by_pipeline on jobs (account, region, pipeline_id, id)`.execute(db);
  await sql`create index jobs_by_status on jobs (account, region, status, id)`.execute(db);
  // The queue: whose turn it is, how many run, when a pipeline was last served, and which leases have passed.
  await sql`create index jobs_by_turn on jobs (pipeline_id, status, submitted_at, id)`.execute(db);
  await sql`create index jobs_by_start on jobs (pipeline_id, started_at)`.execute(db);
  await sql`create index jobs_by_lease on jobs (lease_until) where lease_until is not null`.execute(db);

  await sql`create table job_logs (
    job_id ${name} not null, attempt ${number} not null, at ${number} not null, text text not null)`.execute(db);
  await sql`create index job_logs_by_job on job_logs (job_id, attempt, at)`.execute(db);
}
