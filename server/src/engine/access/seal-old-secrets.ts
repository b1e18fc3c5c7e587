/**
 * Secrets that earlier versions wrote into their rows to be read: sealed once, and their traces wiped.
 */
import { sql } from "kysely";
import type { Records } from "../../storage/records/records.ts";
import { isSealed, type SecretSealer } from "./key-pairs.ts";

/** At every start; does nothing where all are sealed. How many were not. */
export async function sealOldSecrets(records: Records, sealer: SecretSealer): Promise<number> {
  const rows = await records.db.selectFrom("access_keys").select(["id", "secret"]).execute();
  const plain = rows.filter(({ secret }) => !isSealed(secret));
  if (plain.length === 0) return 0;
  const sealed = await Promise.all(
    plain.map(async (row) => ({ ...row, sealed: await sealer.seal(row.id, row.secret) })),
  );
  await records.transaction(async (db) => {
    for (const row of sealed) {
      const query = db.updateTable("access_keys").set({ secret: row.sealed });
      // Another process may have been first.
      await query.where("id", "=", row.id).where("secret", "=", row.secret).execute();
    }
  });
  if (records.engine === "sqlite") {
    // What was overwritten still lies in free parts of the file and in its log.
    await sql`vacuum`.execute(records.db);
    await sql`pragma wal_checkpoint(truncate)`.execute(records.db);
  }
  return plain.length;
}
