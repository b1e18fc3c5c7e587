/**
 * Grants: who may do what with one KMS key, beside what policies say.
 */
import type { Kysely } from "kysely";
import type { KmsGrantRow, Tables } from "./tables.ts";

export type GrantConstraints = {
  EncryptionContextEquals?: Readonly<Record<string, string>>;
  EncryptionContextSubset?: Readonly<Record<string, string>>;
};

export type Grant = {
  id: string;
  keyId: string;
  /** Of the key. */
  account: string;
  region: string;
  createdAt: number;
  name: string | undefined;
  /** ARNs of principals. */
  grantee: string;
  retiring: string | undefined;
  /** The account in whose name it was given. */
  issuer: string;
  operations: readonly string[];
  constraints: GrantConstraints | undefined;
};

export async function insertGrant(db: Kysely<Tables>, grant: Grant): Promise<void> {
  const { id, keyId, account, region, createdAt, name, grantee, retiring, issuer, operations, constraints } = grant;
  await db
    .insertInto("kms_grants")
    .values({
      id,
      key_id: keyId,
      account,
      region,
      created_at: createdAt,
      name: name ?? null,
      grantee,
      retiring: retiring ?? null,
      issuer,
      operations: JSON.stringify(operations),
      constraints: constraints === undefined ? null : JSON.stringify(constraints),
    })
    .execute();
}

export async function findGrant(db: Kysely<Tables>, keyId: string, id: string): Promise<Grant | undefined> {
  const row = await db
    .selectFrom("kms_grants")
    .selectAll()
    .where("key_id", "=", keyId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row && grantOf(row);
}

/** Those of a key that name one of these principals. */
export async function listGrantsTo(db: Kysely<Tables>, keyId: string, grantees: readonly string[]): Promise<Grant[]> {
  const rows = await db
    .selectFrom("kms_grants")
    .selectAll()
    .where("key_id", "=", keyId)
    .where("grantee", "in", grantees)
    .execute();
  return rows.map(grantOf);
}

export type GrantPage = {
  id?: string | undefined;
  grantee?: string | undefined;
  after?: string | undefined;
  limit: number;
};

/** By id. */
export async function listGrants(db: Kysely<Tables>, keyId: string, page: GrantPage): Promise<Grant[]> {
  const { id, grantee, after, limit } = page;
  const rows = await db
    .selectFrom("kms_grants")
    .selectAll()
    .where("key_id", "=", keyId)
    .$if(id !== undefined, (query) => query.where("id", "=", id!))
    .$if(grantee !== undefined, (query) => query.where("grantee", "=", grantee!))
    .$if(after !== undefined, (query) => query.where("id", ">", after!))
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(grantOf);
}

/** Those of all keys of a region that a principal may retire, by id. */
export async function listRetirable(
  db: Kysely<Tables>,
  region: string,
  retiring: string,
  { after, limit }: Pick<GrantPage, "after" | "limit">,
): Promise<Grant[]> {
  const rows = await db
    .selectFrom("kms_grants")
    .selectAll()
    .where("retiring", "=", retiring)
    .where("region", "=", region)
    .$if(after !== undefined, (query) => query.where("id", ">", after!))
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(grantOf);
}

export async function countGrants(db: Kysely<Tables>, keyId: string): Promise<number> {
  const { count } = await db
    .selectFrom("kms_grants")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("key_id", "=", keyId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function deleteGrant(db: Kysely<Tables>, keyId: string, id: string): Promise<void> {
  await db.deleteFrom("kms_grants").where("key_id", "=", keyId).where("id", "=", id).execute();
}

function grantOf(row: KmsGrantRow): Grant {
  return {
    id: row.id,
    keyId: row.key_id,
    account: row.account,
    region: row.region,
    createdAt: row.created_at,
    name: row.name ?? undefined,
    grantee: row.grantee,
    retiring: row.retiring ?? undefined,
    issuer: row.issuer,
    operations: JSON.parse(row.operations),
    constraints: row.constraints === null ? undefined : JSON.parse(row.constraints),
  };
}
