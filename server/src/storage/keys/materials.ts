/**
 * The bytes behind KMS keys: made, wrapped by the master key, unwrapped and remembered for minutes.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { Remembered } from "../../base/remembered.ts";
import type { Key } from "../records/kms-keys.ts";
import { findMaterial } from "../records/kms-materials.ts";
import type { Records } from "../records/records.ts";
import type { KmsMaterialRow } from "../records/tables.ts";
import { KeyFailure } from "./key-store.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { type SealingKey, sealingKey } from "./xaes.ts";

export type Material = { id: string; key: SealingKey };

export type Materials = {
  /** A new row, which nothing holds yet. Its number is not bound to what is wrapped. */
  make(keyId: string, number: number, made: KmsMaterialRow["made"]): Promise<KmsMaterialRow>;
  /** `undefined`: the key has none of that number. @throws KeyFailure */
  find(key: Key, number: number): Promise<Material | undefined>;
  /** All of a key. */
  forget(keyId: string): void;
};

export type MaterialsOptions = { records: Records; wrapper: KeyWrapper; clock: Clock; random: Random };

const rememberedMs = 5 * 60_000;
const mostRemembered = 10_000;

export function openMaterials({ records, wrapper, clock, random }: MaterialsOptions): Materials {
  const known = new Remembered<Material | undefined>({ clock, forMs: rememberedMs, most: mostRemembered });

  async function read({ id: keyId, arn }: Key, number: number): Promise<Material | undefined> {
    const row = await findMaterial(records.db, keyId, number);
    if (row === undefined) return undefined;
    if (row.wrapped_by !== wrapper.id) {
      const message = `a material of ${arn} is wrapped by ${row.wrapped_by}, which is not at hand`;
      throw new KeyFailure("KeyUnavailable", arn, message);
    }
    return { id: row.id, key: sealingKey(await wrapper.unwrap(row.wrapped, aboutMaterial(keyId, row.id))) };
  }

  return {
    async make(keyId, number, made) {
      const id = Buffer.from(random(32)).toString("hex");
      const wrapped = await wrapper.wrap(random(32), aboutMaterial(keyId, id));
      return { key_id: keyId, number, id, wrapped, wrapped_by: wrapper.id, created_at: clock(), made };
    },

    async find(key, number) {
      // Numbers come from blobs: only those that there are, are remembered.
      return key.material < number ? undefined : known.get(`${key.id}/${number}`, () => read(key, number));
    },

    forget: (keyId) => known.forgetAll(`${keyId}/`),
  };
}

function aboutMaterial(keyId: string, materialId: string): string {
  return `millrace kms material\0${keyId}\0${materialId}`;
}
