/**
 * Several data keys for a stream: which one a fragment and a header are sealed with, and which streams have lost theirs.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function rotateDataKeys(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const bytes = sql.raw(engine === "postgres" ? "bytea" : "blob");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  // SQLite cannot change a primary key.
  await sql`create table stream_data_keys (
    stream_id ${name} not null, number ${number} not null, wrapped ${bytes} not null, wrapped_by ${name} not null,
    created_at ${number} not null, destroyed_at ${number}, primary key (stream_id, number)) ${byKey}`.execute(db);
  // The one key that each stream had is its number 0; of a stream that has lost it, number -1 says so.
  await sql`insert into stream_data_keys (stream_id, number, wrapped, wrapped_by, created_at, destroyed_at)
    select stream_id, case when destroyed_at is null then 0 else -1 end, wrapped, wrapped_by, created_at, destroyed_at
    from stream_keys`.execute(db);
  await sql`drop table stream_keys`.execute(db);
  await sql`alter table stream_data_keys rename to stream_keys`.execute(db);

  await sql`alter table fragments add column data_key ${number} not null default 0`.execute(db);
  await sql`alter table media_headers add column data_key ${number} not null default 0`.execute(db);
}
