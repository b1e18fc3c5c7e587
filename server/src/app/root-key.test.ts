import assert from "node:assert/strict";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { postgresMissing, temporaryDatabase } from "../../test/support/postgres.ts";
import { systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import { newKeyPair } from "../engine/access/key-pairs.ts";
import { sealOldSecrets } from "../engine/access/seal-old-secrets.ts";
import { findAccessKey, insertAccessKey, revokeAccessKey } from "../storage/records/access-keys.ts";
import { openPostgresRecords } from "../storage/records/postgres.ts";
import { openRecords } from "./open-records.ts";
import { parseOptions } from "./options.ts";
import { ensureRootKey, openSealer, readRootKey } from "./root-key.ts";

const parts = { clock: systemClock, random: systemRandom };

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-root-key-"));
  await work(folder);
  await rm(folder, { recursive: true });
}

function configOf(...args: string[]) {
  return parseOptions("serve", args, {}).config;
}

test(
  "processes that start together on an empty database agree on one root key",
  {
    skip: postgresMissing,
  },
  () =>
    withFolder(async (folder) => {
      await using database = await temporaryDatabase();
      const start = async (_: unknown, number: number) => {
        const data = join(folder, String(number));
        await mkdir(data);
        const config = configOf("--data", data, "--master-key", join(folder, "master-key"));
        const records = await openPostgresRecords({ url: database.url, log: silentLog });
        const ensure = async () =>
          ensureRootKey(config, { records, sealer: await openSealer(config, records), ...parts });
        return { records, ensure };
      };
      const processes = await Promise.all(Array.from({ length: 6 }, start));
      const pairs = await Promise.all(processes.map(({ ensure }) => ensure()));
      assert.equal(new Set(pairs.map(({ id, secret }) => id + secret)).size, 1);
      for (const { records } of processes) await records.close();
    }),
);

test("secrets of earlier versions are sealed at the start, and nothing of them stays on the disk", () =>
  withFolder(async (data) => {
    const config = configOf("--data", data);
    let records = await openRecords(config, silentLog);
    const root = newKeyPair(systemRandom);
    const others = Array.from({ length: 300 }, () => newKeyPair(systemRandom));
    const common = { account: config.account, created_at: 1 };
    await insertAccessKey(records.db, { ...root, ...common, user_name: "root" });
    for (const pair of others) await insertAccessKey(records.db, { ...pair, ...common, user_name: "somebody" });
    await writeFile(join(data, "root-key.json"), JSON.stringify({ secretAccessKey: root.secret }));
    await records.close();
    assert.equal(await textsOnDisk(data, [root, ...others]), 301, "the search finds what lies open");

    records = await openRecords(config, silentLog);
    const sealer = await openSealer(config, records);
    assert.equal(await sealOldSecrets(records, sealer), 301);
    assert.equal(await sealOldSecrets(records, sealer), 0);
    assert.deepEqual(await ensureRootKey(config, { records, sealer, ...parts }), root);
    const kept = await findAccessKey(records.db, others[7]!.id);
    assert.equal(await sealer.open(kept!.id, kept!.secret), others[7]!.secret);
    await assert.rejects(sealer.open(others[8]!.id, kept!.secret), /the secret of the access key .* is damaged/);
    assert.equal(await textsOnDisk(data, [root, ...others]), 0, "while the server runs");
    assert.deepEqual(await readRootKey(config), root);
    await records.close();
    assert.equal(await textsOnDisk(data, [root, ...others]), 0, "when it has ended");
  }));

test("a root key of the environment is kept nowhere, and one that was made comes back without it", () =>
  withFolder(async (data) => {
    const given = { id: "AKIAGIVENGIVENGIVEN1", secret: "a secret of the environment" };
    const config = configOf("--data", data);
    const records = await openRecords(config, silentLog);
    const sealer = await openSealer(config, records);
    const tools = { records, sealer, ...parts };
    assert.deepEqual(await ensureRootKey({ ...config, rootKey: given }, tools), given);
    assert.equal(await findAccessKey(records.db, given.id), undefined);
    assert.equal(await readRootKey(config), undefined);
    const made = await ensureRootKey(config, tools);
    assert.deepEqual(await ensureRootKey({ ...config, rootKey: given }, tools), given);
    assert.deepEqual(await ensureRootKey(config, tools), made);
    assert.equal(await revokeAccessKey(records.db, made.id, 1), true);
    assert.notEqual((await ensureRootKey(config, tools)).id, made.id);
    await records.close();
  }));

test("where no server has started there is no root key, and looking for it makes nothing", () =>
  withFolder(async (data) => {
    assert.equal(await readRootKey(configOf("--data", data)), undefined);
    assert.deepEqual(await readdir(data), []);
    await assert.rejects(access(join(data, "millrace.db")));
  }));

/** How many of these secrets can be read in any file of the folder. */
async function textsOnDisk(folder: string, pairs: readonly { secret: string }[]): Promise<number> {
  const files = await readdir(folder);
  const contents = await Promise.all(files.map((name) => readFile(join(folder, name))));
  return pairs.filter(({ secret }) => contents.some((bytes) => bytes.includes(secret))).length;
}
