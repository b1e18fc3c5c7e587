/**
 * Keys of KMS: their row, and what the store of keys and the API's operations ask of it.
 */
import type { Kysely, Updateable } from "kysely";
import type { Home } from "./listing.ts";
import type { KmsKeyRow, Tables } from "./tables.ts";

export type Key = {
  /** UUID. */
  id: string;
  arn: string;
  account: string;
  region: string;
  createdAt: number;
  state: KmsKeyRow["state"];
  manager: KmsKeyRow["manager"];
  description: string;
  policy: string;
  tags: Readonly<Record<string, string>>;
  /** The number of the material that encrypts; those before it decrypt. */
  material: number;
  /** How often the material is replaced; `undefined`: never by itself. */
  rotationDays: number | undefined;
  rotatesAt: number | undefined;
  /** Of a key that is pending deletion. */
  deletesAt: number | undefined;
};

export type KeyChange = Partial<Omit<Key, "id" | "arn" | "account" | "region" | "createdAt" | "manager">>;

export function buildKeyArn({ account, region, id }: Pick<Key, "account" | "region" | "id">): string {
  return `arn:aws:kms:${region}:${account}:key/${id}`;
}

export async function insertKey(db: Kysely<Tables>, key: Key): Promise<void> {
  const { id, account, region, createdAt, manager } = key;
  await db
    .insertInto("kms_keys")
    .values({ id, account, region, created_at: createdAt, manager, ...columnsOf(key) })
    .execute();
}

export async function findKey(db: Kysely<Tables>, id: string): Promise<Key | undefined> {
  const row = await db.selectFrom("kms_keys").selectAll().where("id", "=", id).executeTakeFirst();
  return row && keyOf(row);
}

export type KeyPage = { after?: string | undefined; limit: number };

/** By id. */
export async function listKeys(db: Kysely<Tables>, home: Home, { after, limit }: KeyPage): Promise<Key[]> {
  const rows = await db
    .selectFrom("kms_keys")
    .selectAll()
    .where("account", "=", home.account)
    .where("region", "=", home.region)
    .$if(after !== undefined, (query) => query.where("id", ">", after!))
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(keyOf);
}

/** For a transaction in turn with other changes of the key. `undefined`: there is no such key. */
export async function changeKey(
  db: Kysely<Tables>,
  id: string,
  change: (key: Key) => KeyChange,
): Promise<Key | undefined> {
  const before = await findKey(db, id);
  if (before === undefined) return undefined;
  const after = { ...before, ...change(before) };
  await db.updateTable("kms_keys").set(columnsOf(after)).where("id", "=", id).execute();
  return after;
}

/** Those whose last day has come. */
export async function listKeysToDestroy(db: Kysely<Tables>, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom("kms_keys")
    .select("id")
    .where("deletes_at", "<=", now)
    .orderBy("deletes_at")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Those whose material has become old. Keys that cannot be used wait until they can. */
export async function listKeysToRotate(db: Kysely<Tables>, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom("kms_keys")
    .select("id")
    .where("rotates_at", "<=", now)
    .where("state", "=", "Enabled")
    .orderBy("rotates_at")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** With everything that hangs on it but its materials, which are destroyed first (kms-materials.ts). */
export async function forgetKey(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("kms_aliases").where("key_id", "=", id).execute();
  await db.deleteFrom("kms_grants").where("key_id", "=", id).execute();
  await db.deleteFrom("kms_keys").where("id", "=", id).execute();
}

function columnsOf(key: Key) {
  return {
    state: key.state,
    description: key.description,
    policy: key.policy,
    tags: JSON.stringify(key.tags),
    material: key.material,
    rotation_days: key.rotationDays ?? null,
    rotates_at: key.rotatesAt ?? null,
    deletes_at: key.deletesAt ?? null,
  } satisfies Updateable<KmsKeyRow>;
}

function keyOf(row: KmsKeyRow): Key {
  return {
    id: row.id,
    arn: buildKeyArn(row),
    account: row.account,
    region: row.region,
    createdAt: row.created_at,
    state: row.state,
    manager: row.manager,
    description: row.description,
    policy: row.policy,
    tags: JSON.parse(row.tags),
    material: row.material,
    rotationDays: row.rotation_days ?? undefined,
    rotatesAt: row.rotates_at ?? undefined,
    deletesAt: row.deletes_at ?? undefined,
  };
}
