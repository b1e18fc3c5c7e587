/** What the SQLite file owes beyond the contract that every store of rows keeps (test/contract). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import { sql } from "kysely";
import { openSqliteRecords } from "./sqlite.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-sqlite-"));
  path = join(folder, "millrace.db");
});
afterEach(() => rm(folder, { recursive: true }));

test("keeps others out of its files, the log of secrets just written among them", async () => {
  const records = await openSqliteRecords({ path });
  const names = (await readdir(folder)).sort();
  assert.deepEqual(names, ["millrace.db", "millrace.db-shm", "millrace.db-wal"]);
  for (const name of names) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
  await records.close();
});

test("syncs the log after each commit before it says that it is done, once for all that wait", async (t) => {
  const records = await openSqliteRecords({ path });
  const settings = sql<Record<string, unknown>>`select * from pragma_journal_mode, pragma_synchronous`;
  await records.transaction(async (db) => {
    const { rows } = await settings.execute(db);
    assert.deepEqual({ ...rows[0] }, { journal_mode: "wal", synchronous: 1 });
  });
  const log = await open(`${path}-wal`, "r");
  const { ino } = await log.stat();
  let synced = 0;
  const real = Object.getPrototypeOf(log).datasync as FileHandle["datasync"];
  t.mock.method(Object.getPrototypeOf(log), "datasync", async function datasync(this: FileHandle) {
    if ((await this.stat()).ino === ino) synced++;
    await real.call(this);
  });
  await records.transaction((db) => db.insertInto("loose_blobs").values({ blob: "a", sweep_at: 1 }).execute());
  assert.equal(synced, 1);
  await records.db.insertInto("loose_blobs").values({ blob: "b", sweep_at: 1 }).execute();
  assert.equal(synced, 2);
  const many = Array.from({ length: 100 }, (_, index) => ({ blob: `many-${index}`, sweep_at: 1 }));
  await Promise.all(many.map((row) => records.db.insertInto("loose_blobs").values(row).execute()));
  assert.ok(3 <= synced && synced < 20, `${synced} syncs`);
  await log.close();
  await records.close();
});

test("fails for good when the log cannot be synced: nobody knows what the disk has of it", async (t) => {
  const records = await openSqliteRecords({ path });
  const write = (blob: string) =>
    records.transaction((db) => db.insertInto("loose_blobs").values({ blob, sweep_at: 1 }).execute());
  const file = await open(path, "r");
  const broken = t.mock.method(Object.getPrototypeOf(file), "datasync", async () => {
    throw new Error("EIO: i/o error, fdatasync");
  });
  await assert.rejects(write("a"), /EIO/);
  broken.mock.restore();
  await assert.rejects(write("b"), /EIO/);
  await assert.rejects(
    records.transaction((db) => db.selectFrom("loose_blobs").selectAll().execute()),
    /EIO/,
  );
  await file.close();
  await records.close();
  const again = await openSqliteRecords({ path });
  await again.transaction((db) => db.insertInto("loose_blobs").values({ blob: "c", sweep_at: 1 }).execute());
  await again.close();
});

test("says that the disk is full, and goes on when it no longer is", async () => {
  const records = await openSqliteRecords({ path });
  const limit = (pages: number) => sql.raw(`pragma max_page_count = ${pages}`).execute(records.db);
  const write = () =>
    records.transaction(async (db) => {
      await db.insertInto("loose_blobs").values({ blob: "small", sweep_at: 1 }).execute();
      await db
        .insertInto("job_logs")
        .values({ job_id: "j", attempt: 1, at: 1, text: "x".repeat(1e6) })
        .execute();
    });
  await limit(50);
  await assert.rejects(write(), /database or disk is full/);
  assert.deepEqual(await records.db.selectFrom("loose_blobs").selectAll().execute(), []);
  await limit(10_000);
  await write();
  await records.close();
});

test("names columns right when another process changes tables under a statement that is kept", async () => {
  const records = await openSqliteRecords({ path });
  const run = (text: string) => sql.raw<Record<string, unknown>>(text).execute(records.db);
  await run("create table changing (a text, b text, c text)");
  await run("insert into changing values ('1', '2', '3')");
  const queries = ["select * from changing", "select c, a from changing", "select changing.*, 'x' as x from changing"];
  for (const query of queries) await run(query);
  const other = new DatabaseSync(path);
  other.exec("alter table changing drop column b; alter table changing add column d text default '4'");
  other.close();
  const found = [];
  for (const query of queries) found.push(...(await run(query)).rows.map((row) => ({ ...row })));
  assert.deepEqual(found, [
    { a: "1", c: "3", d: "4" },
    { c: "3", a: "1" },
    { a: "1", c: "3", d: "4", x: "x" },
  ]);
  await records.close();
});

test("waits for another process's transaction and goes on serving reads and timers", async () => {
  const records = await openSqliteRecords({ path });
  const program = `
    import { DatabaseSync } from "node:sqlite";
    const file = new DatabaseSync(${JSON.stringify(path)});
    file.exec("begin immediate");
    console.log("locked");
    process.stdin.once("end", () => { file.exec("commit"); file.close(); }).resume();`;
  const other = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(other.stdout, "data");
  const row = { blob: "b", sweep_at: 1 };
  const written = [
    records.db.insertInto("loose_blobs").values(row).execute(),
    records.transaction((db) => db.updateTable("loose_blobs").set({ sweep_at: 2 }).execute()),
  ];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  while (ticks < 50) {
    assert.deepEqual(await records.db.selectFrom("loose_blobs").selectAll().execute(), []);
    await new Promise(setImmediate);
  }
  clearInterval(timer);
  other.stdin.end();
  await Promise.all(written);
  const [found] = await records.db.selectFrom("loose_blobs").selectAll().execute();
  assert.deepEqual({ ...found }, { blob: "b", sweep_at: 2 });
  await records.close();
});
