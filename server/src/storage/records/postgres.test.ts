/** What PostgreSQL owes beyond the contract that every store of rows keeps (test/contract). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { postgresMissing, temporaryDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../../base/log.ts";
import { openPostgresRecords } from "./postgres.ts";
import type { Records } from "./records.ts";

test("says in a sentence which database cannot be used, and never the password", {
  skip: postgresMissing,
}, async () => {
  await using database = await temporaryDatabase();
  const missing = new URL(database.url);
  missing.pathname = "/not_there";
  for (const [url, sentence] of [
    ["postgres://me:secret@127.0.0.1:1/db", /^cannot use the database db at 127\.0\.0\.1:1: .*ECONNREFUSED/],
    ["postgres://me:secret@no-such-host.invalid/db", /^cannot use the database db at no-such-host\.invalid: /],
    [missing.href, /^cannot use the database not_there at 127\.0\.0\.1:\d+: .*does not exist/],
    ["localhost/secret", /^a database is named as postgres:/],
  ] as const) {
    await assert.rejects(openPostgresRecords({ url, log: silentLog }), (error: Error) => {
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  }
});

test("goes on, and hears again, after the server has cut all connections", { skip: postgresMissing }, async () => {
  await using database = await temporaryDatabase();
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_: object, message: string) => warnings.push(message) };
  const records = await openPostgresRecords({ url: database.url, log });
  const other = await openPostgresRecords({ url: database.url, log: silentLog });
  const heard = new Set<string>();
  records.listen("jobs", (text) => heard.add(text));
  const until = async (what: string) => {
    for (let tries = 0; !heard.has(what); tries++) {
      assert.ok(tries < 1000, `${what} was heard`);
      await other.notify("jobs", what);
      await sleep(10);
    }
  };
  await until("before");
  await cutOthers(other);
  await until("after");
  assert.deepEqual(await records.db.selectFrom("jobs").select("id").execute(), []);
  assert.ok(warnings.includes("notifications from the database stopped; connecting again"));
  await records.close();
  await other.close();
});

test("a connection that is cut between two statements fails its transaction and nothing else", {
  skip: postgresMissing,
}, async () => {
  await using database = await temporaryDatabase();
  const records = await openPostgresRecords({ url: database.url, log: silentLog });
  const other = await openPostgresRecords({ url: database.url, log: silentLog });
  const cut = records.transaction(async (db) => {
    await db.insertInto("loose_blobs").values({ blob: "half", sweep_at: 1 }).execute();
    await cutOthers(other);
    await sleep(100);
    await db.insertInto("loose_blobs").values({ blob: "whole", sweep_at: 1 }).execute();
  });
  await assert.rejects(cut);
  assert.deepEqual(await records.db.selectFrom("loose_blobs").select("blob").execute(), []);
  await records.close();
  await other.close();
});

test("a process that stands still inside a transaction keeps its locks for ten seconds", {
  skip: postgresMissing,
}, async () => {
  await using database = await temporaryDatabase();
  const records = await openPostgresRecords({ url: database.url, log: silentLog });
  const { rows } = await sql`show idle_in_transaction_session_timeout`.execute(records.db);
  assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: "10s" }]);
  await records.close();
});

test("a notification that cannot be sent is no error: what it tells of is done", {
  skip: postgresMissing,
}, async () => {
  await using database = await temporaryDatabase();
  const records = await openPostgresRecords({ url: database.url, log: silentLog });
  await database.close();
  await records.notify("jobs", "anybody?");
  await records.close();
});

test("starts side by side on an empty database", { skip: postgresMissing }, async () => {
  await using database = await temporaryDatabase();
  const opening = Array.from({ length: 4 }, () => openPostgresRecords({ url: database.url, log: silentLog }));
  for (const records of await Promise.all(opening)) await records.close();
});

async function cutOthers({ db }: Records): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.execute(db);
}
