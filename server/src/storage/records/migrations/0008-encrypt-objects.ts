/**
 * How objects and uploads are sealed.
 */
import { sql } from "kysely";
import type { AnyDatabase } from "./step.ts";

export async function encryptObjects(db: AnyDatabase): Promise<void> {
  // `null`: stored as they are, as everything was before.
  await sql`alter table objects add column encryption text`.execute(db);
  await sql`alter table uploads add column encryption text`.execute(db);
}
