/** The rows of streams, held to the same behaviour on both engines. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inTurn } from "../../src/storage/records/in-turn.ts";
import type { Home } from "../../src/storage/records/listing.ts";
import type { Records } from "../../src/storage/records/records.ts";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import {
  beginDeletion,
  changeStream,
  findStream,
  findStreamById,
  insertStream,
  listStreams,
  type Stream,
} from "../../src/storage/records/streams.ts";
import { openTemporaryPostgres, postgresMissing } from "../support/postgres.ts";

const engines: Record<string, (folder: string) => Promise<{ records: Records; close(): Promise<void> }>> = {
  async sqlite(folder) {
    const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
    return { records, close: () => records.close() };
  },
  postgres: () => openTemporaryPostgres(),
};

const createdAt = Date.UTC(2026, 0, 1);
let made = 0;

function stream(home: Home, name: string, members: Partial<Stream> = {}): Stream {
  made += 1;
  return {
    id: `id${made}`,
    ...home,
    name,
    createdAt,
    version: "v1",
    deviceName: undefined,
    mediaType: undefined,
    kmsKeyId: undefined,
    retentionHours: 0,
    storageTier: "HOT",
    notifications: undefined,
    images: undefined,
    tags: {},
    ...members,
  };
}

for (const [engine, open] of Object.entries(engines)) {
  describe(`streams on ${engine}`, { skip: engine === "postgres" && postgresMissing }, () => {
    let folder: string;
    let opened: Awaited<ReturnType<typeof open>>;
    let records: Records;
    const homeOf = (account: string): Home => ({ account, region: "us-west-2" });
    const insert = (stream: Stream, limit = 1000) =>
      inTurn(records, `streams:${stream.account}`, (db) => insertStream(db, stream, limit));

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "millrace-streams-records-"));
      opened = await open(folder);
      records = opened.records;
    });
    after(async () => {
      await opened.close();
      await rm(folder, { recursive: true });
    });

    test("keep every member, given or not", async () => {
      const home = homeOf("1");
      const bare = stream(home, "bare");
      const full = stream(home, "full", {
        deviceName: "d",
        mediaType: "video/h264",
        kmsKeyId: "k",
        retentionHours: 87_600,
        storageTier: "WARM",
        notifications: { Status: "ENABLED", DestinationConfig: { Uri: "arn:é" } },
        images: {
          Status: "DISABLED",
          ImageSelectorType: "SERVER_TIMESTAMP",
          DestinationConfig: { Uri: "s3://b", DestinationRegion: "us-west-2" },
          SamplingInterval: 200,
          Format: "JPEG",
          FormatConfig: { JPEGQuality: "80" },
        },
        tags: JSON.parse('{"__proto__":"a","ключ":"b"}'),
      });
      for (const wanted of [bare, full]) {
        assert.deepEqual(await insert(wanted), wanted);
        assert.deepEqual(await findStream(records.db, home, { name: wanted.name }), wanted);
        assert.deepEqual(await findStream(records.db, home, { name: wanted.name, createdAt }), wanted);
        assert.deepEqual(await findStreamById(records.db, wanted.id), wanted);
        assert.equal(await findStream(records.db, home, { name: wanted.name, createdAt: createdAt + 1 }), undefined);
        assert.equal(await findStream(records.db, homeOf("2"), { name: wanted.name }), undefined);
        assert.equal(await findStream(records.db, { ...home, region: "x" }, { name: wanted.name }), undefined);
      }
      const change = { deviceName: undefined, tags: { a: "b" }, version: "v2" };
      const { before, after } = (await changeStream(records.db, home, { name: "full" }, () => change))!;
      assert.deepEqual([before, after], [full, { ...full, ...change }]);
      assert.deepEqual(await findStreamById(records.db, full.id), after);
      assert.deepEqual(await findStreamById(records.db, bare.id), bare, "others stay");
      assert.equal(await changeStream(records.db, home, { name: "none" }, () => assert.fail("no stream")), undefined);
    });

    test("a change that throws leaves the stream as it was", async () => {
      const home = homeOf("3");
      const before = stream(home, "s");
      await insert(before);
      const refuse = () => {
        throw new RangeError("no");
      };
      const change = inTurn(records, "t", (db) => changeStream(db, home, { name: "s" }, refuse));
      await assert.rejects(change, RangeError);
      const deletion = inTurn(records, "t", (db) => beginDeletion(db, home, { name: "s" }, refuse));
      await assert.rejects(deletion, RangeError);
      assert.deepEqual(await findStream(records.db, home, { name: "s" }), before);
    });

    test("of many that take the same name at once, one gets it; of many that want the last place, one", async () => {
      const home = homeOf("4");
      const same = await Promise.all(Array.from({ length: 8 }, () => insert(stream(home, "same"))));
      assert.equal(same.filter((answer) => answer === "exists").length, 7);
      const others = await Promise.all(Array.from({ length: 8 }, (_, i) => insert(stream(home, `s${i}`), 2)));
      assert.equal(others.filter((answer) => answer === "limit").length, 7);
      assert.notEqual(typeof (await insert(stream({ ...home, region: "elsewhere" }, "s"), 1)), "string");
    });

    test("a deleted stream is found by nobody, its row waits, and its name is free for a younger one", async () => {
      const home = homeOf("5");
      const first = stream(home, "s");
      await insert(first);
      const begin = () => beginDeletion(records.db, home, { name: "s" }, () => {});
      assert.deepEqual(await begin(), first);
      assert.equal(await begin(), undefined);
      assert.equal(await findStream(records.db, home, { name: "s" }), undefined);
      assert.equal(await findStreamById(records.db, first.id), undefined);
      assert.deepEqual(await listStreams(records.db, home, { limit: 10 }), []);
      const second = await insert(stream(home, "s"), 1);
      assert.ok(typeof second === "object");
      assert.equal(second.createdAt, createdAt + 1);
      await begin();
      const third = await insert(stream(home, "s", { createdAt: createdAt + 5000 }), 1);
      assert.equal(typeof third === "object" && third.createdAt, createdAt + 5000);
      const rows = await records.db.selectFrom("streams").select("status").where("account", "=", "5").execute();
      assert.deepEqual(rows.map(({ status }) => status).toSorted(), ["ACTIVE", "DELETING", "DELETING"]);
    });

    test("are listed in byte order of their names, by prefix and behind a name", async () => {
      const home = homeOf("6");
      for (const name of ["b", "a", "B", "a.", "a-1", "a_", "aa"]) await insert(stream(home, name));
      const names = async (page: Partial<Parameters<typeof listStreams>[2]>) =>
        (await listStreams(records.db, home, { limit: 100, ...page })).map(({ name }) => name).join(" ");
      assert.equal(await names({}), "B a a-1 a. a_ aa b");
      assert.equal(await names({ prefix: "a" }), "a a-1 a. a_ aa");
      assert.equal(await names({ prefix: "a", after: "a-1", limit: 2 }), "a. a_");
      assert.equal(await names({ after: "aZ" }), "a_ aa b");
      assert.equal(await names({ prefix: "c" }), "");
    });
  });
}
