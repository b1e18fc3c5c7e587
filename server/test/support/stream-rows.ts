/**
 * Rows of streams for tests of what lies below the API.
 */
import type { Records } from "../../src/storage/records/records.ts";

/** If it is not there yet. */
export async function insertTestStream(records: Records, id: string, retentionHours: number): Promise<void> {
  const home = { account: "123456789012", region: "us-east-1", name: id, created_at: 0 };
  const empty = { device_name: null, media_type: null, kms_key_id: null, notifications: null, images: null };
  await records.db
    .insertInto("streams")
    .values({
      id,
      ...home,
      ...empty,
      version: "1",
      status: "ACTIVE",
      retention_hours: retentionHours,
      storage_tier: "HOT",
      tags: "{}",
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
