/**
 * All keys that a data folder keeps, opened with its master key: what must lie nowhere in it as it is.
 */
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openSecretSealer } from "../../src/engine/access/key-pairs.ts";
import { keyContextOf } from "../../src/storage/keys/keyring.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { openMasterKey } from "../../src/storage/keys/master-key.ts";
import { openSecrets } from "../../src/storage/keys/secrets.ts";
import { openSealed, sealingKey } from "../../src/storage/keys/xaes.ts";
import type { Encryption } from "../../src/storage/records/objects.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { findStreamById } from "../../src/storage/records/streams.ts";

export type KeptKey = { what: string; bytes: Uint8Array };

/** `customerKey`: of the objects that were sealed by one. */
export async function readKeptKeys(folder: string, customerKey: Uint8Array): Promise<KeptKey[]> {
  const common = { clock: systemClock, random: systemRandom };
  const path = join(folder, "master-key");
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  try {
    const wrapper = await openMasterKey({ records, path, ...common });
    const kms = openKmsStore({ records, wrapper, ...common });
    const secrets = openSecrets({ records, wrapper, ...common });
    const sealer = openSecretSealer({ secrets, random: systemRandom });
    const { db } = records;
    const kept: KeptKey[] = [
      { what: "the master key", bytes: Buffer.from((await readFile(path, "utf8")).trim(), "hex") },
    ];

    for (const { id, secret } of await db.selectFrom("access_keys").selectAll().execute()) {
      kept.push({ what: "secret of an access key", bytes: Buffer.from(await sealer.open(id, secret)) });
    }
    for (const { name } of await db.selectFrom("secrets").selectAll().execute()) {
      const bytes = await secrets.bytes(name, () => Promise.reject(new Error("it is there")));
      if (name !== "local ca") kept.push({ what: `the key of ${name}`, bytes });
      else
        kept.push({ what: "the key of the local CA", bytes: scalarOf(JSON.parse(Buffer.from(bytes).toString()).key) });
    }
    for (const row of await db.selectFrom("kms_materials").selectAll().execute()) {
      const about = `millrace kms material\0${row.key_id}\0${row.id}`;
      kept.push({ what: "material of a KMS key", bytes: await wrapper.unwrap(row.wrapped, about) });
    }
    for (const row of await db.selectFrom("stream_keys").where("number", ">=", 0).selectAll().execute()) {
      const stream = (await findStreamById(db, row.stream_id))!;
      const context = { ...keyContextOf(stream), "millrace:data-key": String(row.number) };
      kept.push({ what: "data key of a stream", bytes: (await kms.decrypt(row.wrapped, context)).plaintext });
    }
    const rows = [
      ...(await db.selectFrom("objects").select("encryption").execute()),
      ...(await db.selectFrom("uploads").select("encryption").execute()),
    ];
    for (const text of new Set(rows.map(({ encryption }) => encryption!))) {
      const { mode, wrapped, context = {} }: Encryption = JSON.parse(text);
      const blob = Buffer.from(wrapped, "base64");
      const bytes =
        mode === "customer"
          ? (await openSealed(sealingKey(customerKey), blob, "millrace data key of an object"))!
          : (await kms.decrypt(blob, context)).plaintext;
      kept.push({ what: `data key of objects (${mode})`, bytes });
    }
    return kept;
  } finally {
    await records.close();
  }
}

/** The number that makes a private key of an elliptic curve. */
function scalarOf(pem: string): Uint8Array {
  return Buffer.from(createPrivateKey(pem).export({ format: "jwk" }).d!, "base64url");
}
