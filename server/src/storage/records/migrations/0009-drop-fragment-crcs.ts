/**
 * A fragment's authentication tag tells of every changed bit: nothing needs its CRC any more.
 */
import { sql } from "kysely";
import type { AnyDatabase } from "./step.ts";

export async function dropFragmentCrcs(db: AnyDatabase): Promise<void> {
  await sql`alter table fragments drop column crc32`.execute(db);
}
