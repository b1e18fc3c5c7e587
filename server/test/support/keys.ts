/**
 * KMS keys for tests, under a master key that no file holds: the same for all who open them over the same rows.
 */
import type { Clock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { type KmsStore, openKmsStore } from "../../src/storage/keys/kms-store.ts";
import type { Records } from "../../src/storage/records/records.ts";

export const testMasterKey = new Uint8Array(32).fill(7);

export function openTestKeys({ records, clock }: { records: Records; clock: Clock }): KmsStore {
  const wrapper = masterKeyWrapper(testMasterKey, systemRandom);
  return openKmsStore({ records, wrapper, clock, random: systemRandom });
}
