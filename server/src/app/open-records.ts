/**
 * The rows, where the settings say that they are.
 */
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import type { Records } from "../storage/records/records.ts";
import { openSqliteRecords } from "../storage/records/sqlite.ts";
import type { Config } from "./options.ts";

export async function openRecords(config: Pick<Config, "database" | "data">, log: Log): Promise<Records> {
  if (config.database === undefined) return openSqliteRecords({ path: join(config.data, "millrace.db") });
  const { openPostgresRecords } = await import("../storage/records/postgres.ts");
  return openPostgresRecords({ url: config.database, log });
}
