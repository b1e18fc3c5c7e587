import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readJobLog } from "../../storage/records/job-logs.ts";
import { openSqliteRecords } from "../../storage/records/sqlite.ts";
import { LogWriter } from "./log-writer.ts";

test("keeps every line in order, attempt by attempt, also while the clock stands still", async () => {
  await withRecords(async (records) => {
    for (const attempt of [1, 2]) {
      const log = new LogWriter(records, () => 5000, "job", attempt);
      for (let at = 1; at <= 4; at++) {
        log.line(`${attempt}.${at}`);
        if (at % 2 === 0) await log.flush();
      }
    }
    await new LogWriter(records, () => 0, "other", 1).flush();
    assert.equal(await readJobLog(records.db, "job"), "1.1\n1.2\n1.3\n1.4\n2.1\n2.2\n2.3\n2.4\n");
    assert.equal(await readJobLog(records.db, "other"), "");
  });
});

test("of a log without end the beginning and the end stay", async () => {
  await withRecords(async (records) => {
    const log = new LogWriter(records, () => 5000, "job", 1);
    log.line("ffmpeg -i the-command");
    for (let at = 0; at < 400; at++) {
      for (let line = 0; line < 100; line++) log.line(`${at} ${"noise ".repeat(20)}`);
      await log.flush();
    }
    log.line("the last words");
    await log.flush();
    const text = await readJobLog(records.db, "job");
    assert.match(text, /^ffmpeg -i the-command\n/);
    assert.match(text, /\nthe last words\n$/);
    assert.ok(text.length < 300 * 1024, `${text.length} characters`);
  });
});

test("holds little in memory between two flushes, and what a file says cannot break a row", async () => {
  await withRecords(async (records) => {
    const log = new LogWriter(records, () => 5000, "job", 1);
    log.line("title: \0\ud800");
    for (let line = 0; line < 10_000; line++) log.line("noise ".repeat(100));
    await log.flush();
    const text = await readJobLog(records.db, "job");
    assert.match(text, /^title: \ufffd\ufffd\n/);
    assert.match(text, /\n… \d+ lines left out\n$/);
    assert.ok(text.length < 300 * 1024, `${text.length} characters`);
  });
});

test("what could not be written comes with the next lines", async () => {
  await withRecords(async (records) => {
    let isAway = true;
    const db = records.db.withPlugin({
      transformQuery({ node }) {
        if (isAway) throw new Error("the database is away");
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const log = new LogWriter({ ...records, db }, () => 5000, "job", 1);
    log.line("ffmpeg -i the-command");
    await assert.rejects(log.flush());
    log.line("its words");
    await assert.rejects(log.flush());
    isAway = false;
    await log.flush();
    assert.equal(await readJobLog(records.db, "job"), "ffmpeg -i the-command\nits words\n");
  });
});

async function withRecords(work: (records: Awaited<ReturnType<typeof openSqliteRecords>>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-log-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  await work(records);
  await records.close();
  await rm(folder, { recursive: true });
}
