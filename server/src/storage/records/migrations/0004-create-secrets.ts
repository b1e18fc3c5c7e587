/**
 * Keys of the program itself.
 */
import { sql } from "kysely";
import type { AnyDatabase, Engine } from "./step.ts";

export async function createSecrets(db: AnyDatabase, engine: Engine): Promise<void> {
  const name = sql.raw(engine === "postgres" ? 'text collate "C"' : "text");
  const bytes = sql.raw(engine === "postgres" ? "bytea" : "blob");
  const number = sql.raw(engine === "postgres" ? "bigint" : "integer");
  await sql`create table secrets (
    name ${name} primary key, wrapped ${bytes} not null, wrapped_by ${name} not null,
    created_at ${number} not null)`.execute(db);
}
