/**
 * A process for crash.test.ts to kill: keeps rows and blobs without end, and says what is durable, a line each.
 *
 * `durable-writer.ts FOLDER|postgres://… ROUND`
 */
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";

/** Each key's bytes follow from the key, so that whoever reads them can tell whether they are whole. */
export function bytesOf(key: string): Uint8Array {
  const seed = createHash("sha256").update(key).digest();
  const bytes = Buffer.alloc(seed.readUInt32LE(0) % 400_000);
  for (let at = 0; at < bytes.length; at += 32) seed.copy(bytes, at);
  return bytes;
}

if (import.meta.main) {
  const [place, round] = process.argv.slice(2) as [string, string];
  const say = (line: string) => writeSync(1, `${line}\n`);
  await (place.startsWith("postgres:")
    ? writeRows(await openPostgresRecords({ url: place, log: silentLog }))
    : write());

  async function write() {
    const blobs = await openFsBlobs({ folder: join(place, "blobs"), random: systemRandom });
    const records = await openSqliteRecords({ path: join(place, "millrace.db") });
    const writeBlobs = async (lane: number) => {
      for (let number = 0; ; number++) {
        const key = `r${round}/l${lane}/${number % 7}/b${number}`;
        const bytes = bytesOf(key);
        // Half of them in pieces, with time for a kill in the middle.
        const pieces = async function* () {
          for (let at = 0; at < bytes.length; at += 65_536) {
            await new Promise(setImmediate);
            yield bytes.subarray(at, at + 65_536);
          }
        };
        await blobs.put(key, number % 2 === 0 ? bytes : pieces());
        say(`blob ${key}`);
      }
    };
    await Promise.all([writeBlobs(0), writeBlobs(1), writeRows(records)]);
  }

  /** Three rows, or none: two in one statement and one in another. */
  async function writeRows(records: Records) {
    for (let number = 0; ; number++) {
      const [one, two, three] = ["a", "b", "c"].map((part) => ({
        blob: `r${round}-${number}-${part}`,
        sweep_at: number,
      }));
      await records.transaction(async (db) => {
        await db.insertInto("loose_blobs").values([one!, two!]).execute();
        await db.insertInto("loose_blobs").values(three!).execute();
      });
      say(`rows r${round}-${number}`);
    }
  }
}
