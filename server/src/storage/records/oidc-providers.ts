/**
 * The OpenID Connect issuers that an account believes.
 */
import type { Kysely } from "kysely";
import type { OidcProviderRow, Tables } from "./tables.ts";

export type OidcProvider = {
  account: string;
  /** The issuer's URL without its scheme: `host/path`. */
  name: string;
  arn: string;
  createdAt: number;
  clientIds: readonly string[];
  thumbprints: readonly string[];
  tags: Readonly<Record<string, string>>;
};

export async function insertOidcProvider(
  db: Kysely<Tables>,
  provider: Omit<OidcProvider, "arn">,
): Promise<"inserted" | "exists"> {
  const { account, name, createdAt } = provider;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("oidc_providers")
    .values({ account, name, created_at: createdAt, ...columnsOf(provider) })
    .onConflict((conflict) => conflict.columns(["account", "name"]).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? "inserted" : "exists";
}

export async function findOidcProvider(
  db: Kysely<Tables>,
  account: string,
  name: string,
): Promise<OidcProvider | undefined> {
  const row = await db
    .selectFrom("oidc_providers")
    .selectAll()
    .where("account", "=", account)
    .where("name", "=", name)
    .executeTakeFirst();
  return row && providerOf(row);
}

/** By name. */
export async function listOidcProviders(db: Kysely<Tables>, account: string): Promise<OidcProvider[]> {
  const rows = await db
    .selectFrom("oidc_providers")
    .selectAll()
    .where("account", "=", account)
    .orderBy("name")
    .execute();
  return rows.map(providerOf);
}

/** For a transaction in turn with others of the account. */
export async function updateOidcProvider(
  db: Kysely<Tables>,
  before: OidcProvider,
  change: Partial<Pick<OidcProvider, "clientIds" | "thumbprints" | "tags">>,
): Promise<void> {
  await db
    .updateTable("oidc_providers")
    .set(columnsOf({ ...before, ...change }))
    .where("account", "=", before.account)
    .where("name", "=", before.name)
    .execute();
}

export async function deleteOidcProvider(
  db: Kysely<Tables>,
  account: string,
  name: string,
): Promise<"deleted" | "missing"> {
  const { numDeletedRows } = await db
    .deleteFrom("oidc_providers")
    .where("account", "=", account)
    .where("name", "=", name)
    .executeTakeFirst();
  return numDeletedRows === 1n ? "deleted" : "missing";
}

export function buildOidcProviderArn({ account, name }: { account: string; name: string }): string {
  return `arn:aws:iam::${account}:oidc-provider/${name}`;
}

function columnsOf({ clientIds, thumbprints, tags }: Pick<OidcProvider, "clientIds" | "thumbprints" | "tags">) {
  return {
    client_ids: JSON.stringify(clientIds),
    thumbprints: JSON.stringify(thumbprints),
    tags: JSON.stringify(tags),
  };
}

function providerOf(row: OidcProviderRow): OidcProvider {
  return {
    account: row.account,
    name: row.name,
    arn: buildOidcProviderArn(row),
    createdAt: row.created_at,
    clientIds: JSON.parse(row.client_ids),
    thumbprints: JSON.parse(row.thumbprints),
    tags: JSON.parse(row.tags),
  };
}
