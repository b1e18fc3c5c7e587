import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { postgresMissing, temporaryDatabase } from "../../test/support/postgres.ts";
import { systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import { openPostgresRecords } from "../storage/records/postgres.ts";
import { ensureRootKey } from "./access.ts";
import { parseOptions } from "./options.ts";

test("processes that start together on an empty database agree on one root key", {
  skip: postgresMissing,
}, async () => {
  await using database = await temporaryDatabase();
  const folder = await mkdtemp(join(tmpdir(), "millrace-access-"));
  const start = async (_: unknown, number: number) => {
    const data = join(folder, String(number));
    await mkdir(data);
    const { config } = parseOptions("serve", ["--data", data], {}, {});
    const records = await openPostgresRecords({ url: database.url, log: silentLog });
    return { records, ensure: () => ensureRootKey(records, config, systemClock, systemRandom) };
  };
  const processes = await Promise.all(Array.from({ length: 6 }, start));
  const pairs = await Promise.all(processes.map(({ ensure }) => ensure()));
  assert.equal(new Set(pairs.map(({ id }) => id)).size, 1);
  for (const { records } of processes) await records.close();
  await rm(folder, { recursive: true });
});
