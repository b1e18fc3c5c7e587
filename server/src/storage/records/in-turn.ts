/**
 * Transactions that must not run side by side: they look first (how many are there? is it still there?) and write by
 * what they saw.
 */
import { type Kysely, sql } from "kysely";
import type { Records } from "./records.ts";
import type { Tables } from "./tables.ts";

/** A transaction that no other one of the same name runs beside, in any process. */
export function inTurn<Result>(
  records: Records,
  name: string,
  work: (db: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return records.transaction(async (db) => {
    // SQLite has one writer anyway.
    if (records.engine === "postgres") {
      await sql`select pg_advisory_xact_lock(hashtext(current_schema() || ${`.${name}`}))`.execute(db);
    }
    return work(db);
  });
}
