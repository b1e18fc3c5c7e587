/**
 * Who has keys: the root pair, which everybody may override by the environment, and those of `millrace keys`.
 */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { randomText } from "../base/ids.ts";
import type { Random } from "../base/random.ts";
import type { Credentials } from "../edge/credentials.ts";
import { findAccessKey, insertAccessKey, listAccessKeys } from "../storage/records/access-keys.ts";
import { inTurn } from "../storage/records/in-turn.ts";
import type { Records } from "../storage/records/records.ts";
import type { AccessKeyRow } from "../storage/records/tables.ts";
import type { Config } from "./options.ts";

export type KeyPair = { id: string; secret: string };

/** The user name of the root pair's row, which no other user can have. */
const root = "root";

/** In AWS's forms: `AKIA` and sixteen characters, and forty for the secret. */
export function newKeyPair(random: Random): KeyPair {
  return {
    id: `AKIA${randomText(random, 16).toUpperCase()}`,
    secret: Buffer.from(random(30)).toString("base64"),
  };
}

/**
 * The root pair of the environment, or else the one that the first start made. It is kept with the rows, so that every
 * process over one database has the same, and written beside the data (0600) for the command line to find.
 */
export async function ensureRootKey(records: Records, config: Config, clock: Clock, random: Random): Promise<KeyPair> {
  const pair = config.rootKey ?? (await storedRootKey(records, config.account, clock, random));
  const path = join(config.data, "root-key.json");
  await writeFile(path, `${JSON.stringify({ accessKeyId: pair.id, secretAccessKey: pair.secret }, null, 2)}\n`, {
    mode: 0o600,
  });
  await chmod(path, 0o600);
  return pair;
}

/** What the edge asks for the secret behind an access key id. */
export function keyring(records: Records, rootKey: KeyPair, accountId: string): Credentials {
  return {
    async find(accessKeyId) {
      if (accessKeyId === rootKey.id) {
        return {
          accessKeyId,
          secret: rootKey.secret,
          accountId,
          principalArn: `arn:aws:iam::${accountId}:root`,
          isRoot: true,
        };
      }
      const row = await findAccessKey(records.db, accessKeyId);
      if (row === undefined || row.revoked_at !== null) return undefined;
      // Policies come with IAM; until then whoever holds a key acts for the account.
      return { accessKeyId, secret: row.secret, accountId: row.account, principalArn: arnOf(row), isRoot: true };
    },
  };
}

async function storedRootKey(records: Records, account: string, clock: Clock, random: Random): Promise<KeyPair> {
  return inTurn(records, "root-key", async (db) => {
    const known = (await listAccessKeys(db, account)).find((row) => row.user_name === root && row.revoked_at === null);
    if (known !== undefined) return { id: known.id, secret: known.secret };
    const pair = newKeyPair(random);
    await insertAccessKey(db, { ...pair, account, user_name: root, created_at: clock(), revoked_at: null });
    return pair;
  });
}

function arnOf(row: AccessKeyRow): string {
  return row.user_name === root
    ? `arn:aws:iam::${row.account}:root`
    : `arn:aws:iam::${row.account}:user/${row.user_name}`;
}
