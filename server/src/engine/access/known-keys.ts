/**
 * The secret behind an access key id, and who holds it.
 *
 * Long-lived keys are looked up at every call: one that was made inactive or deleted, by whatever process, is unknown at
 * once. Sessions are what their token says, as long as whom they were made for is still there.
 */
import { Recent } from "../../base/recent.ts";
import { findAccessKeyAndUser } from "../../storage/records/access-keys.ts";
import type { Records } from "../../storage/records/records.ts";
import { findUserById } from "../../storage/records/users.ts";
import type { KeyPair, SecretSealer } from "./key-pairs.ts";
import type { Requester } from "./session.ts";
import type { SessionTokens } from "./session-tokens.ts";

export type Known = Requester & { accessKeyId: string; secret: string };

export type KnownKeys = {
  /** `undefined`: unknown, inactive or revoked, or of a session without the token that belongs to it. Expired ones too. */
  find(accessKeyId: string, token?: string): Promise<Known | undefined>;
};

export type KnownKeysOptions = {
  records: Records;
  sealer: SecretSealer;
  tokens: SessionTokens;
  rootKey: KeyPair;
  accountId: string;
};

export function openKnownKeys({ records, sealer, tokens, rootKey, accountId }: KnownKeysOptions): KnownKeys {
  /** By what is sealed: opening costs more than all the rest. */
  const opened = new Recent<string>(10_000);

  async function findSession(accessKeyId: string, token: string): Promise<Known | undefined> {
    const found = await tokens.open(accessKeyId, token);
    if (found === undefined) return undefined;
    const { session, isRoot, userId } = found;
    // A role that is gone allows nothing; of a user that is gone not even the keys are known.
    const holder = isRoot || session.role !== undefined ? undefined : (session.federatedBy ?? userId);
    if (holder !== undefined && holder !== "root" && (await findUserById(records.db, holder)) === undefined) {
      return undefined;
    }
    return { ...found, accessKeyId };
  }

  async function findLongLived(accessKeyId: string): Promise<Known | undefined> {
    if (accessKeyId === rootKey.id) return { ...rootOf(accountId), accessKeyId, secret: rootKey.secret };
    const found = await findAccessKeyAndUser(records.db, accessKeyId);
    // A root pair that is not this process's any more is nobody's.
    if (found?.user === undefined || found.key.status === "Inactive") return undefined;
    const { key, user } = found;
    const secret = await opened.get(key.secret, 1, () => sealer.open(accessKeyId, key.secret));
    return { accessKeyId, secret, accountId: key.account, principalArn: user.arn, userId: user.id, isRoot: false };
  }

  return {
    find: (accessKeyId, token) =>
      accessKeyId.startsWith("ASIA")
        ? token === undefined
          ? Promise.resolve(undefined)
          : findSession(accessKeyId, token)
        : findLongLived(accessKeyId),
  };
}

function rootOf(accountId: string): Requester {
  return { accountId, principalArn: `arn:aws:iam::${accountId}:root`, isRoot: true, userId: accountId };
}
