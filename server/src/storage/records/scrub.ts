/**
 * Deleted rows leave the disk.
 */
import { sql } from "kysely";
import type { Records } from "./records.ts";

/**
 * SQLite zeroes what is deleted (`secure_delete`), but its log still tells of it: the log is taken over and emptied, unless
 * another process is just reading. PostgreSQL does as much in its own time, by vacuuming and recycling its log.
 */
export async function scrub({ engine, db }: Records): Promise<void> {
  if (engine === "sqlite") await sql`pragma wal_checkpoint(truncate)`.execute(db);
}
