/**
 * The local master key: a file (0600) of 64 hexadecimal digits. Whoever has lost it has lost every stored fragment.
 *
 * All processes over one database need the same. The rows remember its id, so that a process which has another one says
 * so at its start instead of writing what the others cannot read.
 */
import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { randomText } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { inTurn } from "../records/in-turn.ts";
import type { Records } from "../records/records.ts";
import { insertMasterKey, listMasterKeys } from "../records/stream-keys.ts";
import { type KeyWrapper, masterKeyWrapper } from "./key-wrapper.ts";

export type MasterKeyOptions = { records: Records; path: string; clock: Clock; random: Random };

/**
 * Makes the file when neither it nor the rows know of a key; processes that start together get the same.
 *
 * @throws with a sentence for people when the file is missing, malformed, or not the one that the rows were made with
 */
export async function openMasterKey({ records, path, clock, random }: MasterKeyOptions): Promise<KeyWrapper> {
  return inTurn(records, "master-key", async (db) => {
    const known = await listMasterKeys(db);
    const isFirst = known.length === 0;
    const master = (await readKeyFile(path)) ?? (isFirst ? await createKeyFile(path, random) : undefined);
    if (master === undefined) throw new Error(`the master key ${path} is missing: ${howToMend}`);
    const wrapper = masterKeyWrapper(master, random);
    if (isFirst) await insertMasterKey(db, { id: wrapper.id, created_at: clock(), source: null });
    else if (!known.includes(wrapper.id)) throw new Error(`${path} is another master key: ${howToMend}`);
    return wrapper;
  });
}

const howToMend = "this database needs the one that it was made with, the same for all its processes";

async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, "latin1").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) throw new Error(`the master key ${path} must be 64 hexadecimal digits`);
  return Buffer.from(text.trim(), "hex");
}

/** Whole or not there: it grows under another name, and a link never replaces what another process was first to make. */
async function createKeyFile(path: string, random: Random): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const growing = `${path}.${randomText(random, 12)}`;
  const file = await open(growing, "wx", 0o600);
  try {
    await file.writeFile(`${Buffer.from(random(32)).toString("hex")}\n`);
    await file.sync();
    await link(growing, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await unlink(growing);
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return (await readKeyFile(path))!;
}
