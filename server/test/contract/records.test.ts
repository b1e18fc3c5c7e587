import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { postgresMissing, temporaryDatabase } from "../support/postgres.ts";
import { recordsContract } from "./records.contract.ts";

recordsContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-records-"));
  return {
    open: () => openSqliteRecords({ path: join(folder, "millrace.db") }),
    close: () => rm(folder, { recursive: true }),
  };
});

recordsContract(
  "PostgreSQL",
  async () => {
    const { url, close } = await temporaryDatabase();
    return { open: () => openPostgresRecords({ url, log: silentLog }), close };
  },
  postgresMissing,
);
