/**
 * Master keys that lie sealed in the rows: by a passphrase, or by a key of an external KMS.
 */
import { scrypt } from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "../../base/random.ts";
import { type ExternalKey, generateByExternalKey, openByExternalKey } from "./external-key.ts";
import { openSealed, sealBytes, sealingKey } from "./xaes.ts";

/** `cost`: how dear each guess is made for a new key, scrypt's N; a power of two. */
export type MasterKeyOpener = { passphrase: string; cost?: number } | { kms: ExternalKey };

/** What lies in the row: all that it takes but the passphrase, or the right to use the key. */
export type MasterKeySource =
  | { kind: "passphrase"; salt: string; cost: number; blockSize: number; parallelization: number; sealed: string }
  | { kind: "kms"; key: string; sealed: string };

/** A new master key, and the same sealed. @throws with a sentence for people */
export async function sealNewMaster(
  opener: MasterKeyOpener,
  random: Random,
): Promise<{ master: Uint8Array; source: MasterKeySource }> {
  if ("kms" in opener) {
    const { plaintext, sealed } = await generateByExternalKey(opener.kms);
    return { master: plaintext, source: { kind: "kms", key: opener.kms.arn, sealed: base64(sealed) } };
  }
  const master = random(32);
  const lock = { salt: base64(random(16)), ...scryptCost, ...(opener.cost !== undefined && { cost: opener.cost }) };
  const sealed = sealBytes(sealingKey(await deriveKey(opener.passphrase, lock)), master, about, random);
  return { master, source: { kind: "passphrase", ...lock, sealed: base64(sealed) } };
}

/** @throws with a sentence for people when it is another passphrase, or another kind of lock */
export async function openMaster(opener: MasterKeyOpener, source: MasterKeySource): Promise<Uint8Array> {
  if ("kms" in opener) {
    if (source.kind !== "kms") throw new Error(otherLock(source));
    if (source.key !== opener.kms.arn) throw new Error(otherLock(source));
    return openByExternalKey(opener.kms, Buffer.from(source.sealed, "base64"));
  }
  if (source.kind !== "passphrase") throw new Error(otherLock(source));
  const key = sealingKey(await deriveKey(opener.passphrase, source));
  const master = await openSealed(key, Buffer.from(source.sealed, "base64"), about);
  if (master === undefined) throw new Error("the passphrase is not the one that opens the master key of this database");
  return master;
}

/** For whoever comes with something else. */
export function otherLock(source: MasterKeySource | undefined): string {
  if (source === undefined) {
    return "the master key of this database lies in a file: give that with --master-key, or put it into the data folder";
  }
  return source.kind === "kms"
    ? `the master key of this database is opened by the external key ${source.key}: give that with --master-kms`
    : "the master key of this database is opened by a passphrase: give it with MILLRACE_MASTER_PASSPHRASE or --master-passphrase-file";
}

const about = "millrace master key";

/** 128 MiB and some tenths of a second for each guess. RFC 7914, section 2. */
const scryptCost = { cost: 2 ** 17, blockSize: 8, parallelization: 1 };

type Lock = { salt: string; cost: number; blockSize: number; parallelization: number };

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

async function deriveKey(passphrase: string, { salt, ...cost }: Lock): Promise<Uint8Array> {
  // The same characters, however a keyboard composes them.
  const text = passphrase.normalize("NFKC");
  return derive(text, Buffer.from(salt, "base64"), 32, { ...cost, maxmem: 256 * cost.cost * cost.blockSize });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
