/**
 * The root of all keys that are kept, as the settings name it: for the server, and for commands that read its rows.
 */
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/random.ts";
import type { KeyWrapper } from "../storage/keys/key-wrapper.ts";
import { openMasterKey } from "../storage/keys/master-key.ts";
import type { Records } from "../storage/records/records.ts";
import type { Config } from "./options.ts";

export type WrapperConfig = Pick<Config, "data" | "master-key">;

/** @throws with a sentence for people */
export function openWrapper(config: WrapperConfig, records: Records): Promise<KeyWrapper> {
  const path = config["master-key"] ?? join(config.data, "master-key");
  return openMasterKey({ records, path, clock: systemClock, random: systemRandom });
}
