/**
 * The master key, under which all keys lie: in a file, or sealed in the rows by a passphrase or an external KMS key.
 * Whoever has lost it has lost everything that is stored.
 *
 * All processes over one database need the same. The rows remember its id, so that a process which has another one says
 * so at its start instead of writing what the others cannot read.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { inTurn } from "../records/in-turn.ts";
import { findMasterKey, insertMasterKey } from "../records/master-keys.ts";
import type { Records } from "../records/records.ts";
import type { MasterKeyRow } from "../records/tables.ts";
import { type KeyWrapper, masterKeyWrapper } from "./key-wrapper.ts";
import { createKeyFile, readKeyFile } from "./master-key-file.ts";
import {
  type MasterKeyOpener,
  type MasterKeySource,
  openMaster,
  otherLock,
  sealNewMaster,
} from "./master-key-source.ts";

export type MasterKeyOptions = { records: Records; clock: Clock; random: Random } & (
  | { path: string }
  | MasterKeyOpener
);

/**
 * Makes one when the rows know of none; processes that start together get the same.
 *
 * @throws with a sentence for people when it is missing, malformed, or not the one that the rows were made with
 */
export function openMasterKey(options: MasterKeyOptions): Promise<KeyWrapper> {
  return "path" in options ? openFile(options, options.path) : openSource(options, options);
}

type Parts = Pick<MasterKeyOptions, "records" | "clock" | "random">;

function openFile({ records, clock, random }: Parts, path: string): Promise<KeyWrapper> {
  return inTurn(records, "master-key", async (db) => {
    const known = await findMasterKey(db);
    const source = known && sourceOf(known);
    if (source !== undefined) throw new Error(otherLock(source));
    const master = (await readKeyFile(path)) ?? (known === undefined ? await createKeyFile(path, random) : undefined);
    if (master === undefined) throw new Error(`the master key ${path} is missing: ${howToMend}`);
    const wrapper = masterKeyWrapper(master, random);
    if (known === undefined) await insertMasterKey(db, { id: wrapper.id, created_at: clock(), source: null });
    else if (known.id !== wrapper.id) throw new Error(`${path} is another master key: ${howToMend}`);
    return wrapper;
  });
}

const howToMend = "this database needs the one that it was made with, the same for all its processes";

/** Deriving keys and asking others takes its time: no turn is held meanwhile. */
async function openSource({ records, clock, random }: Parts, opener: MasterKeyOpener): Promise<KeyWrapper> {
  const known = (await findMasterKey(records.db)) ?? (await makeSource({ records, clock, random }, opener));
  const source = sourceOf(known);
  if (source === undefined) throw new Error(otherLock(undefined));
  const wrapper = masterKeyWrapper(await openMaster(opener, source), random);
  if (wrapper.id !== known.id) throw new Error("what is sealed in this database is another master key than its own");
  return wrapper;
}

async function makeSource({ records, clock, random }: Parts, opener: MasterKeyOpener): Promise<MasterKeyRow> {
  const { master, source } = await sealNewMaster(opener, random);
  const made = { id: masterKeyWrapper(master, random).id, created_at: clock(), source: JSON.stringify(source) };
  return inTurn(records, "master-key", async (db) => {
    // Another process may have been first.
    const known = await findMasterKey(db);
    if (known !== undefined) return known;
    await insertMasterKey(db, made);
    return made;
  });
}

function sourceOf({ source }: MasterKeyRow): MasterKeySource | undefined {
  return source === null ? undefined : JSON.parse(source);
}
