/**
 * Keys of the program itself, by name: what session tokens are sealed with, and the secrets of access keys. Made when
 * first asked for, kept wrapped with the rows, the same for all processes over one database.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Records } from "../records/records.ts";
import { findSecret, insertSecret } from "../records/secrets.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { type SealingKey, sealingKey } from "./xaes.ts";

export type SecretName = "access keys" | "session tokens";

export type Secrets = {
  /** @throws when another master key is at hand than the one that wrapped it */
  key(name: SecretName): Promise<SealingKey>;
  /** The same for what is more than a key: as it was first made, whoever made it. */
  bytes(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array>;
};

export type SecretsOptions = { records: Records; wrapper: KeyWrapper; clock: Clock; random: Random };

export function openSecrets({ records, wrapper, clock, random }: SecretsOptions): Secrets {
  const known = new Map<SecretName, Promise<SealingKey>>();

  async function bytes(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    let row = await findSecret(records.db, name);
    if (row === undefined) {
      const made = await wrapper.wrap(await make(), aboutSecret(name));
      row = await records.transaction(async (db) => {
        await insertSecret(db, { name, wrapped: made, wrapped_by: wrapper.id, created_at: clock() });
        return (await findSecret(db, name))!;
      });
    }
    if (row.wrapped_by !== wrapper.id) {
      throw new Error(`the key of ${name} is wrapped by ${row.wrapped_by}, which is not at hand`);
    }
    return wrapper.unwrap(row.wrapped, aboutSecret(name));
  }

  async function find(name: SecretName): Promise<SealingKey> {
    return sealingKey(await bytes(name, async () => random(32)));
  }

  return {
    bytes,
    key(name) {
      let key = known.get(name);
      if (key === undefined) {
        key = find(name);
        known.set(name, key);
        key.catch(() => known.delete(name));
      }
      return key;
    },
  };
}

function aboutSecret(name: string): string {
  return `millrace secret\0${name}`;
}
