/**
 * Generations of the bytes behind a key of KMS, wrapped by the master key. The youngest encrypts, all of them decrypt.
 */
import type { Kysely } from "kysely";
import type { KmsMaterialRow, Tables } from "./tables.ts";

export async function insertMaterial(db: Kysely<Tables>, row: KmsMaterialRow): Promise<void> {
  await db.insertInto("kms_materials").values(row).execute();
}

export async function findMaterial(
  db: Kysely<Tables>,
  keyId: string,
  number: number,
): Promise<KmsMaterialRow | undefined> {
  return db
    .selectFrom("kms_materials")
    .selectAll()
    .where("key_id", "=", keyId)
    .where("number", "=", number)
    .executeTakeFirst();
}

export type MaterialPage = { after?: number | undefined; limit: number };

/** Oldest first. */
export async function listMaterials(
  db: Kysely<Tables>,
  keyId: string,
  { after = -1, limit }: MaterialPage,
): Promise<KmsMaterialRow[]> {
  return db
    .selectFrom("kms_materials")
    .selectAll()
    .where("key_id", "=", keyId)
    .where("number", ">", after)
    .orderBy("number")
    .limit(limit)
    .execute();
}

export async function countMaterials(db: Kysely<Tables>, keyId: string, made: KmsMaterialRow["made"]): Promise<number> {
  const { count } = await db
    .selectFrom("kms_materials")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("key_id", "=", keyId)
    .where("made", "=", made)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** For good: zeros over the bytes before the rows go, since not every database wipes what it frees. */
export async function destroyMaterials(db: Kysely<Tables>, keyId: string): Promise<void> {
  for (const { number, wrapped } of await listMaterials(db, keyId, { limit: Number.MAX_SAFE_INTEGER })) {
    await db
      .updateTable("kms_materials")
      .set({ wrapped: new Uint8Array(wrapped.length) })
      .where("key_id", "=", keyId)
      .where("number", "=", number)
      .execute();
  }
  await db.deleteFrom("kms_materials").where("key_id", "=", keyId).execute();
}
