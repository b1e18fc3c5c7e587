/**
 * The root key pair: set by the environment, which is then the only place where it is, or made at the first start and
 * kept sealed with the rows, the same for every process over one database.
 */
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { type Clock, systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { type Random, systemRandom } from "../base/random.ts";
import { type KeyPair, newKeyPair, openSecretSealer, type SecretSealer } from "../engine/access/key-pairs.ts";
import { openSecrets } from "../storage/keys/secrets.ts";
import { insertAccessKey, listAccessKeys } from "../storage/records/access-keys.ts";
import { inTurn } from "../storage/records/in-turn.ts";
import type { Records } from "../storage/records/records.ts";
import type { Tables } from "../storage/records/tables.ts";
import { openRecords } from "./open-records.ts";
import type { Config } from "./options.ts";
import { openWrapper, type WrapperConfig } from "./wrapper.ts";

/** The user name of the root pair's row, which no user can have. */
export const rootName = "root";

export type RootKeyOptions = { records: Records; sealer: SecretSealer; clock: Clock; random: Random };

export async function ensureRootKey(
  { rootKey, account, data }: Pick<Config, "rootKey" | "account" | "data">,
  { records, sealer, clock, random }: RootKeyOptions,
): Promise<KeyPair> {
  // Earlier versions left the pair there to be read.
  await rm(join(data, "root-key.json"), { force: true });
  if (rootKey !== undefined) return rootKey;
  const { id, secret } = newKeyPair(random);
  const made = { id, secret: await sealer.seal(id, secret) };
  const kept = await inTurn(records, "root-key", async (db) => {
    const known = await findRootKey(db, account);
    if (known !== undefined) return known;
    await insertAccessKey(db, { ...made, account, user_name: rootName, created_at: clock() });
    return made;
  });
  return { id: kept.id, secret: await sealer.open(kept.id, kept.secret) };
}

export type LocalConfig = WrapperConfig & Pick<Config, "database" | "rootKey" | "account">;

/**
 * For commands on the machine that holds the master key. `undefined`: no server has ever started over these rows.
 *
 * @throws with a sentence for people when the rows are there and the master key is not
 */
export async function readRootKey(config: LocalConfig): Promise<KeyPair | undefined> {
  if (config.rootKey !== undefined) return config.rootKey;
  if (config.database === undefined && !(await exists(join(config.data, "millrace.db")))) return undefined;
  const records = await openRecords(config, silentLog);
  try {
    const row = await findRootKey(records.db, config.account);
    if (row === undefined) return undefined;
    return { id: row.id, secret: await (await openSealer(config, records)).open(row.id, row.secret) };
  } finally {
    await records.close();
  }
}

export async function openSealer(config: WrapperConfig, records: Records): Promise<SecretSealer> {
  const wrapper = await openWrapper(config, records);
  const secrets = openSecrets({ records, wrapper, clock: systemClock, random: systemRandom });
  return openSecretSealer({ secrets, random: systemRandom });
}

async function findRootKey(db: Kysely<Tables>, account: string): Promise<KeyPair | undefined> {
  return (await listAccessKeys(db, account)).find((row) => row.user_name === rootName && row.revoked_at === null);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
