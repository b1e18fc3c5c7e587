/** What was said to be durable outlives the process that said it, whole; nothing else is half there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openFsBlobs } from "../../src/storage/blobs/fs-store.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { postgresMissing, temporaryDatabase } from "../support/postgres.ts";
import { bytesOf } from "./durable-writer.ts";

const kills = 20;

test("a folder and SQLite keep what they said they had, through twenty kills", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-crash-"));
  const said: string[] = [];
  for (let round = 0; round < kills; round++) said.push(...(await writeUntilKilled(folder, round)));

  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  assert.deepEqual(await readdir(join(folder, "blobs", "~growing")), [], "leftovers are cleared away");
  const listed = await Array.fromAsync(blobs.list(""));
  for (const { key, sizeBytes } of listed) {
    const bytes = Buffer.concat(await Array.fromAsync((await blobs.get(key))!));
    assert.ok(bytes.equals(bytesOf(key)) && sizeBytes === bytes.length, `${key} is whole`);
  }
  const keys = new Set(listed.map(({ key }) => key));
  const lost = said.filter((line) => line.startsWith("blob ")).filter((line) => !keys.has(line.slice(5)));
  assert.deepEqual(lost, []);
  await blobs.close();

  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  await checkRows(records, said);
  await records.close();
  await rm(folder, { recursive: true });
});

test("PostgreSQL keeps what it said it had, through kills of its client", { skip: postgresMissing }, async () => {
  await using database = await temporaryDatabase();
  const said: string[] = [];
  for (let round = 0; round < 5; round++) said.push(...(await writeUntilKilled(database.url, round)));
  const records = await openPostgresRecords({ url: database.url, log: silentLog });
  await checkRows(records, said);
  await records.close();
});

/** What the process said before it died, complete lines only. */
async function writeUntilKilled(place: string, round: number): Promise<string[]> {
  const program = fileURLToPath(import.meta.resolve("./durable-writer.ts"));
  const child = spawn(process.execPath, [...process.execArgv, program, place, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = once(child.stdout, "end");
  await Promise.race([once(child.stdout, "data"), exited]);
  // A different moment of its work in each round.
  await sleep(20 + ((round * 37) % 100));
  child.kill("SIGKILL");
  const [, signal] = await exited;
  await ended;
  assert.equal(signal, "SIGKILL", "it wrote until it was killed");
  return text.split("\n").slice(0, -1);
}

async function checkRows(records: Records, said: readonly string[]): Promise<void> {
  const rows = await records.db.selectFrom("loose_blobs").select("blob").execute();
  const parts = new Map<string, string[]>();
  for (const { blob } of rows) {
    const name = blob.slice(0, -2);
    parts.set(name, [...(parts.get(name) ?? []), blob.at(-1)!]);
  }
  for (const [name, found] of parts) assert.deepEqual(found.sort(), ["a", "b", "c"], `${name} is whole`);
  const promised = said.filter((line) => line.startsWith("rows ")).map((line) => line.slice(5));
  assert.ok(0 < promised.length, "rows were written");
  assert.deepEqual(
    promised.filter((name) => !parts.has(name)),
    [],
    "no row is lost",
  );
}
