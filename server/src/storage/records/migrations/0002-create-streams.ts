/**
 * Kinesis Video Streams: the streams themselves.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createStreams(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  await sql`create table streams (
    id ${name} primary key, account ${name} not null, region ${name} not null, name ${name} not null,
    created_at ${number} not null, version ${name} not null, status ${name} not null, device_name text,
    media_type text, kms_key_id text, retention_hours ${number} not null, storage_tier text not null,
    notifications text, images text, tags text not null) ${byKey}`.execute(db);
  // A name is free again as soon as its stream is being deleted.
  await sql`create unique index streams_by_name on streams (account, region, name) where status <> 'DELETING'`.execute(
    db,
  );
  await sql`create index streams_deleting on streams (id) where status = 'DELETING'`.execute(db);
}
