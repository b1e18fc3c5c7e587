/**
 * A process for fragment-crash.test.ts to kill: stores fragments of some streams without end, and says which are durable.
 *
 * `fragment-writer.ts FOLDER`
 */
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemSleep } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { Committer } from "../../src/engine/ingest/committer.ts";
import { openFragmentNumbers } from "../../src/engine/ingest/fragment-numbers.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openKeyring } from "../../src/storage/keys/keyring.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { openMasterKey } from "../../src/storage/keys/master-key.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { insertTestStream } from "../support/stream-rows.ts";

/** A fragment's bytes follow from its number, so that whoever reads them can tell whether they are right. */
export function bodyOf(number: string): Uint8Array {
  const seed = createHash("sha256").update(number).digest();
  const body = Buffer.alloc(seed.readUInt32LE(0) % 100_000);
  for (let at = 0; at < body.length; at += 32) seed.copy(body, at);
  return body;
}

/** What a process opens over a folder. */
export async function openFragmentStores(folder: string) {
  const own = { clock: systemClock, random: systemRandom, log: silentLog };
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  const wrapper = await openMasterKey({ records, path: join(folder, "master-key"), ...own });
  const kms = openKmsStore({ records, wrapper, ...own });
  return { ...own, records, blobs, keys: openKeyring({ records, kms, wrapper, ...own }) };
}

if (import.meta.main) {
  const stores = await openFragmentStores(process.argv[2]!);
  const committer = new Committer({ ...stores, sleep: systemSleep, tickMs: 2, packBytes: 500_000 });
  const numbers = openFragmentNumbers(stores);
  for (const id of ["a", "b", "c", "d"]) await insertTestStream(stores.records, id, 24);
  await Promise.all(["a", "b", "c", "d"].map(write));

  async function write(streamId: string): Promise<void> {
    const header = Buffer.from(`header of ${streamId}`);
    await numbers.prepare(streamId);
    for (;;) {
      const number = numbers.next(streamId);
      const now = systemClock();
      const body = bodyOf(number);
      const times = { serverTimestamp: now, producerTimestamp: now, durationMs: 1 };
      const media = { header, body: [body], tags: [], clusterFrom: 0, clusterTo: body.length };
      await committer.submit({ streamId, number, ...times, ...media });
      writeSync(1, `${streamId} ${number}\n`);
    }
  }
}
