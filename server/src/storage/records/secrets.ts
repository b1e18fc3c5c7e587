/**
 * Keys of the program itself, wrapped, by name.
 */
import type { Kysely } from "kysely";
import type { SecretRow, Tables } from "./tables.ts";

export async function findSecret(db: Kysely<Tables>, name: string): Promise<SecretRow | undefined> {
  return db.selectFrom("secrets").selectAll().where("name", "=", name).executeTakeFirst();
}

/** Leaves what is there alone. */
export async function insertSecret(db: Kysely<Tables>, row: SecretRow): Promise<void> {
  await db
    .insertInto("secrets")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
