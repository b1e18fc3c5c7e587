/**
 * Brings the tables up to date: numbered steps, each done once, all or nothing.
 */
import { sql } from "kysely";
import { createAllTables } from "./migrations/0001-create-all-tables.ts";
import { createStreams } from "./migrations/0002-create-streams.ts";
import { createFragments } from "./migrations/0003-create-fragments.ts";
import { createSecrets } from "./migrations/0004-create-secrets.ts";
import { createIdentities } from "./migrations/0005-create-identities.ts";
import { createKms } from "./migrations/0006-create-kms.ts";
import { rotateDataKeys } from "./migrations/0007-rotate-data-keys.ts";
import { encryptObjects } from "./migrations/0008-encrypt-objects.ts";
import { dropFragmentCrcs } from "./migrations/0009-drop-fragment-crcs.ts";
import type { AnyDatabase, Step } from "./migrations/step.ts";
import type { Records } from "./records.ts";

/** In order; a step that has landed never changes. */
const steps: readonly { name: string; up: Step }[] = [
  { name: "0001-create-all-tables", up: createAllTables },
  { name: "0002-create-streams", up: createStreams },
  { name: "0003-create-fragments", up: createFragments },
  { name: "0004-create-secrets", up: createSecrets },
  { name: "0005-create-identities", up: createIdentities },
  { name: "0006-create-kms", up: createKms },
  { name: "0007-rotate-data-keys", up: rotateDataKeys },
  { name: "0008-encrypt-objects", up: encryptObjects },
  { name: "0009-drop-fragment-crcs", up: dropFragmentCrcs },
];

/** @throws when the database holds a step that this program does not know */
export async function migrate(records: Records): Promise<void> {
  await records.transaction(async (db: AnyDatabase) => {
    // Two processes that start together take turns. SQLite's transaction does that by itself.
    if (records.engine === "postgres") {
      await sql`select pg_advisory_xact_lock(hashtext(current_schema() || '.migrations'))`.execute(db);
    }
    await sql`create table if not exists millrace_migrations (name text primary key)`.execute(db);
    const { rows } = await sql<{ name: string }>`select name from millrace_migrations order by name`.execute(db);
    const done = new Set(rows.map(({ name }) => name));
    const unknown = [...done].find((name) => !steps.some((step) => step.name === name));
    if (unknown !== undefined) {
      throw new Error(
        `this database was written by a newer Millrace (it has ${unknown}): run that version, or a newer one`,
      );
    }
    for (const { name, up } of steps) {
      if (done.has(name)) continue;
      await up(db, records.engine);
      await sql`insert into millrace_migrations (name) values (${name})`.execute(db);
    }
  });
}
