/**
 * Kinesis Video Streams: stored fragments, the packs that they lie in, and the keys that they are sealed with.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createFragments(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const bytes = sql.raw(engine === "postgres" ? "bytea" : "blob");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  const byKey = sql.raw(engine === "sqlite" ? "without rowid" : "");

  await sql`create table master_keys (id ${name} primary key, created_at ${number} not null) ${byKey}`.execute(db);

  await sql`create table stream_keys (
    stream_id ${name} primary key, wrapped ${bytes} not null, wrapped_by ${name} not null,
    created_at ${number} not null, destroyed_at ${number}) ${byKey}`.execute(db);

  await sql`create table media_headers (
    stream_id ${name} not null, id ${name} not null, sealed ${bytes} not null, used_at ${number} not null,
    primary key (stream_id, id)) ${byKey}`.execute(db);

  await sql`create table packs (id ${name} primary key, fragments integer not null) ${byKey}`.execute(db);

  await sql`create table fragments (
    stream_id ${name} not null, number ${name} not null, server_at ${number} not null, producer_at ${number} not null,
    duration_ms integer not null, header ${name} not null, pack ${name} not null, pack_from integer not null,
    sealed_bytes integer not null, crc32 integer not null, tags_bytes integer not null,
    cluster_from integer not null, cluster_to integer not null,
    primary key (stream_id, number)) ${byKey}`.execute(db);
  await sql`create index fragments_by_server_time on fragments (stream_id, server_at, number)`.execute(db);
  await sql`create index fragments_by_producer_time on fragments (stream_id, producer_at, number)`.execute(db);
}
