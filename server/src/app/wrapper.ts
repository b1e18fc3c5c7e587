/**
 * The root of all keys that are kept, as the settings name it: for the server, and for commands that read its rows.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/random.ts";
import type { KeyWrapper } from "../storage/keys/key-wrapper.ts";
import { openMasterKey } from "../storage/keys/master-key.ts";
import type { Records } from "../storage/records/records.ts";
import { parseMasterKmsUrl } from "./master-kms-url.ts";
import { type Config, UsageError } from "./options.ts";

export type WrapperConfig = Pick<Config, "data"> &
  Partial<Pick<Config, "master-key" | "master-passphrase-file" | "master-kms" | "masterPassphrase">>;

/** @throws with a sentence for people */
export async function openWrapper(config: WrapperConfig, records: Records): Promise<KeyWrapper> {
  const common = { records, clock: systemClock, random: systemRandom };
  const given = sources.filter(([, name]) => config[name] !== undefined).map(([flag]) => flag);
  if (1 < given.length) throw new UsageError(`give one master key, not both ${given.slice(0, 2).join(" and ")}`);
  const kms = config["master-kms"];
  if (kms !== undefined) return openMasterKey({ ...common, kms: parseMasterKmsUrl(kms, process.env) });
  const passphrase = await readPassphrase(config);
  if (passphrase !== undefined) return openMasterKey({ ...common, passphrase });
  return openMasterKey({ ...common, path: config["master-key"] ?? join(config.data, "master-key") });
}

const sources = [
  ["--master-key", "master-key"],
  ["--master-kms", "master-kms"],
  ["--master-passphrase-file", "master-passphrase-file"],
  ["MILLRACE_MASTER_PASSPHRASE", "masterPassphrase"],
] as const;

/** Fewer are guessed. */
const fewestCharacters = 12;

async function readPassphrase(config: WrapperConfig): Promise<string | undefined> {
  const path = config["master-passphrase-file"];
  const text = path === undefined ? config.masterPassphrase : await readPassphraseFile(path);
  if (text !== undefined && [...text].length < fewestCharacters) {
    throw new UsageError(`the passphrase of the master key must have at least ${fewestCharacters} characters`);
  }
  return text;
}

/** Without the end of its line. */
async function readPassphraseFile(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot read the passphrase of the master key: ${reason}`);
  }
}
