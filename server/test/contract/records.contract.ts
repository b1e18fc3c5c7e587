/**
 * What every store of rows keeps to (records.ts says it), written once.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { Records } from "../../src/storage/records/records.ts";
import type { ObjectRow, Tables } from "../../src/storage/records/tables.ts";

/** `open` may be called more than once: each opens the same rows anew, as another process would. */
export type RecordsFixture = { open(): Promise<Records>; close(): Promise<void> };

export function recordsContract(name: string, prepare: () => Promise<RecordsFixture>, skip: string | false = false) {
  describe(`records: ${name}`, { skip }, () => {
    let fixture: RecordsFixture;
    let records: Records;
    before(async () => {
      fixture = await prepare();
      records = await fixture.open();
    });
    after(async () => {
      await records?.close();
      await fixture?.close();
    });
    beforeEach(async () => {
      await records.db.deleteFrom("loose_blobs").execute();
      await records.db.deleteFrom("objects").execute();
    });

    const add = (db: Kysely<Tables>, blob: string, sweep_at = 0) =>
      db.insertInto("loose_blobs").values({ blob, sweep_at }).execute();
    const blobs = async (db = records.db) =>
      (await db.selectFrom("loose_blobs").select("blob").orderBy("blob").execute()).map(({ blob }) => blob);

    test("gives back what was written, to the bit", async () => {
      const rows = [
        objectRow("all", { size: Number.MAX_SAFE_INTEGER, modified_at: -1, inline: Buffer.from([0, 255, 39, 92, 0]) }),
        objectRow("empty", { inline: new Uint8Array() }),
        objectRow("large", { inline: new Uint8Array(1 << 20).fill(0xa5) }),
        objectRow("null", { blob: "b", parts: '[{"a":"\\u0000 \\" ü 😀"}]' }),
        objectRow("'; drop table objects; -- $1 ?", { metadata: '{"ü":"\u{10ffff}"}' }),
      ];
      await records.db.insertInto("objects").values(rows).execute();
      for (const row of rows) {
        const found = await records.db.selectFrom("objects").selectAll().where("key", "=", row.key).executeTakeFirst();
        assert.deepEqual(plain(found), plain(row));
      }
    });

    test("orders and compares keys by their bytes", async () => {
      const keys = ["", " ", "A", "B", "Z", "_", "a", "a b", "a!", "a-b", "a/b", "a0", "b", "é", "\uffee", "\u{1f600}"];
      const bytewise = [...keys].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      await records.db
        .insertInto("objects")
        .values(keys.map((key) => objectRow(key)))
        .execute();
      const found = records.db.selectFrom("objects").select("key").orderBy("key");
      assert.deepEqual(
        (await found.execute()).map(({ key }) => key),
        bytewise,
      );
      for (const [at, key] of bytewise.entries()) {
        const beyond = await found.where("key", ">", key).execute();
        assert.deepEqual(
          beyond.map((row) => row.key),
          bytewise.slice(at + 1),
          JSON.stringify(key),
        );
      }
    });

    test("counts the rows that a statement has changed", async () => {
      await add(records.db, "a");
      await add(records.db, "b");
      const updated = await records.db.updateTable("loose_blobs").set({ sweep_at: 1 }).executeTakeFirst();
      assert.equal(updated.numUpdatedRows, 2n);
      const nothing = await records.db.deleteFrom("loose_blobs").where("blob", "=", "c").executeTakeFirst();
      assert.equal(nothing.numDeletedRows, 0n);
      const again = await records.db
        .insertInto("loose_blobs")
        .values({ blob: "a", sweep_at: 2 })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      assert.equal(again.numInsertedOrUpdatedRows, 0n);
      const returned = await records.db.deleteFrom("loose_blobs").where("blob", "=", "b").returningAll().execute();
      assert.deepEqual(returned.map(plain), [{ blob: "b", sweep_at: 1 }]);
    });

    test("a transaction is kept whole, or not at all", async () => {
      const outcome = await records.transaction(async (db) => {
        await add(db, "kept");
        return 7;
      });
      assert.equal(outcome, 7);
      const failed = records.transaction(async (db) => {
        await add(db, "a");
        await add(db, "b");
        assert.deepEqual(await blobs(db), ["a", "b", "kept"], "it sees its own rows");
        throw new Error("changed my mind");
      });
      await assert.rejects(failed, /changed my mind/);
      await assert.rejects(
        records.transaction(async (db) => {
          await add(db, "c");
          await add(db, "kept");
        }),
        /unique/i,
      );
      assert.deepEqual(await blobs(), ["kept"]);
    });

    test("nobody sees a transaction before it is done, and what others write is not part of it", async () => {
      const begun = Promise.withResolvers<void>();
      const mayEnd = Promise.withResolvers<void>();
      const failing = records.transaction(async (db) => {
        await add(db, "inside");
        begun.resolve();
        await mayEnd.promise;
        throw new Error("undone");
      });
      await begun.promise;
      assert.deepEqual(await blobs(), []);
      const outside = add(records.db, "outside");
      await sleep(20);
      mayEnd.resolve();
      await assert.rejects(failing, /undone/);
      await outside;
      assert.deepEqual(await blobs(), ["outside"]);
    });

    test("reads its own writes at once", async () => {
      for (let round = 0; round < 50; round++) {
        await add(records.db, `r${round}`);
        await records.transaction((db) => add(db, `t${round}`));
        assert.equal((await blobs()).length, 2 * (round + 1));
      }
    });

    test("many transactions that read, then write the same row, all count", async () => {
      await add(records.db, "counter", 0);
      const other = await fixture.open();
      const count = (store: Records) =>
        store.transaction(async (db) => {
          // Locks the row where readers do not wait for writers; a no-op where they do.
          const lock = store.engine === "postgres" ? sql`for update` : sql``;
          const { rows } = await sql<{ sweep_at: number }>`select sweep_at from loose_blobs ${lock}`.execute(db);
          await db
            .updateTable("loose_blobs")
            .set({ sweep_at: rows[0]!.sweep_at + 1 })
            .execute();
        });
      await Promise.all(Array.from({ length: 60 }, (_, at) => count(at % 2 === 0 ? records : other)));
      const row = await records.db.selectFrom("loose_blobs").select("sweep_at").executeTakeFirstOrThrow();
      assert.equal(row.sweep_at, 60);
      await other.close();
    });

    test("transactions that get in each other's way both come to stand", async () => {
      await add(records.db, "a", 0);
      await add(records.db, "b", 0);
      const meeting = Promise.withResolvers<void>();
      let begun = 0;
      const raise = (db: Kysely<Tables>, blob: string) =>
        db.updateTable("loose_blobs").set({ sweep_at: sql`sweep_at + 1` }).where("blob", "=", blob).execute();
      // Side by side they meet, each with what the other one wants next; one after the other they never do.
      const crossing = (first: string, second: string) =>
        records.transaction(async (db) => {
          await raise(db, first);
          if (++begun === 2) meeting.resolve();
          await Promise.race([meeting.promise, sleep(500)]);
          await raise(db, second);
        });
      await Promise.all([crossing("a", "b"), crossing("b", "a")]);
      const rows = await records.db.selectFrom("loose_blobs").select("sweep_at").execute();
      assert.deepEqual(
        rows.map(({ sweep_at }) => sweep_at),
        [2, 2],
      );
    });

    test("tells listeners, until they stop listening", async () => {
      const heard: string[] = [];
      const stop = records.listen("jobs", (text) => heard.push(text));
      const until = async (what: string) => {
        for (let tries = 0; !heard.includes(what); tries++) {
          assert.ok(tries < 500, `${what} was heard`);
          await records.notify("jobs", what);
          await sleep(10);
        }
      };
      await until("one");
      const others: string[] = [];
      const stopOther = records.listen("jobs", (text) => others.push(text));
      stop();
      heard.length = 0;
      await records.notify("jobs", "two");
      for (let tries = 0; !others.includes("two") && tries < 500; tries++) await sleep(10);
      assert.ok(others.includes("two"));
      assert.deepEqual(heard, []);
      stopOther();
      stopOther();
    });

    test("finds the rows again when it is opened anew, also by several at once", async () => {
      await add(records.db, "kept");
      const opened = await Promise.all([fixture.open(), fixture.open(), fixture.open()]);
      for (const other of opened) assert.deepEqual(await blobs(other.db), ["kept"]);
      for (const other of opened) {
        await other.close();
        await other.close();
      }
    });

    test("refuses a database that a newer Millrace has written", async () => {
      await sql`insert into millrace_migrations (name) values ('9999-from-tomorrow')`.execute(records.db);
      await assert.rejects(fixture.open(), /newer Millrace \(it has 9999-from-tomorrow\)/);
      await sql`delete from millrace_migrations where name = '9999-from-tomorrow'`.execute(records.db);
      await (await fixture.open()).close();
    });

    test("closing lets what runs come to its end", async () => {
      const other = await fixture.open();
      const slow = other.transaction(async (db) => {
        await add(db, "slow");
        await sleep(30);
        await add(db, "slower");
      });
      await sleep(5);
      const closed = other.close();
      await assert.rejects(async () => add(other.db, "too late"));
      await closed;
      await slow;
      assert.deepEqual(await blobs(), ["slow", "slower"]);
      await assert.rejects(async () => blobs(other.db));
      await assert.rejects(async () => add(other.db, "too late"));
      await assert.rejects(other.transaction((db) => add(db, "too late")));
    });
  });
}

function objectRow(key: string, some: Partial<ObjectRow> = {}): ObjectRow {
  const { bucket, size, etag, modified_at, storage_class } = { ...base, ...some };
  const { headers, metadata, tags, checksums, inline, blob, parts, encryption } = { ...base, ...some };
  return {
    bucket,
    key,
    size,
    etag,
    modified_at,
    storage_class,
    headers,
    metadata,
    tags,
    checksums,
    inline,
    blob,
    parts,
    encryption,
  };
}

const base: Omit<ObjectRow, "key"> = {
  bucket: "bucket",
  size: 0,
  etag: "etag",
  modified_at: 1_800_000_000_000,
  storage_class: "STANDARD",
  headers: "{}",
  metadata: "{}",
  tags: "[]",
  checksums: "{}",
  inline: null,
  blob: null,
  parts: null,
  encryption: null,
};

/** The same object of either driver: without its prototype, bytes as text. */
function plain(row: object | undefined): object {
  const entries = Object.entries(row ?? {}).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
  ]);
  return Object.fromEntries(entries);
}
