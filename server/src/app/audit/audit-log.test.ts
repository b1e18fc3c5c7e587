import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { callRecord, startedAtMs } from "../../../test/support/call-record.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { systemRandom } from "../../base/random.ts";
import { type AuditLogOptions, openAuditLog } from "./audit-log.ts";
import type { CloudTrailRecord } from "./cloudtrail-record.ts";
import { readRecords } from "./read-records.ts";

const day = 24 * 3600_000;

async function opened(t: TestContext, changed: Partial<AuditLogOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "millrace-audit-"));
  t.after(() => rm(folder, { recursive: true }));
  const options = {
    folder: join(folder, "audit"),
    days: 3,
    accountId: "000000000000",
    clock: () => startedAtMs,
    random: systemRandom,
    log: silentLog,
    ...changed,
  };
  return { folder: options.folder, options, audit: await openAuditLog(options) };
}

async function readAll(folder: string): Promise<CloudTrailRecord[]> {
  const found: CloudTrailRecord[] = [];
  for await (const record of readRecords({ folder, sinceMs: 0 })) found.push(record);
  return found;
}

test("a record can be read within a second, and all of them after the end, for the owner alone", async (t) => {
  const { folder, audit } = await opened(t);
  audit.record(callRecord());
  await sleep(1200);
  assert.equal((await readAll(folder)).length, 1);
  audit.record(callRecord({ startedAtMs: startedAtMs + day }));
  await audit.close();
  assert.deepEqual((await readdir(folder)).sort(), ["2026-04-02.jsonl", "2026-04-03.jsonl"]);
  assert.equal((await stat(join(folder, "2026-04-02.jsonl"))).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.deepEqual(new Set((await readAll(folder)).map(({ eventID }) => eventID.length)), new Set([36]));
});

test("days beyond those that are kept are removed at the start, and nothing else is", async (t) => {
  const { folder, audit, options } = await opened(t);
  await audit.close();
  for (const name of ["2026-03-30.jsonl", "2026-03-31.jsonl", "2026-04-02.jsonl", "notes.txt"]) {
    await writeFile(join(folder, name), "");
  }
  await (await openAuditLog(options)).close();
  assert.deepEqual((await readdir(folder)).sort(), ["2026-03-31.jsonl", "2026-04-02.jsonl", "notes.txt"]);
});

test("a line that a crash has torn spoils no other", async (t) => {
  const { folder, audit, options } = await opened(t);
  audit.record(callRecord());
  await audit.close();
  await appendFile(join(folder, "2026-04-02.jsonl"), '{"eventTime":"20');
  const next = await openAuditLog(options);
  next.record(callRecord());
  await next.close();
  assert.equal((await readAll(folder)).length, 2);
});

test("while the disk takes nothing a bounded number of records wait, and the log says what was lost", async (t) => {
  const said: string[] = [];
  const say = (fields: object, message: string) => said.push("lost" in fields ? `${fields.lost} ${message}` : message);
  const log: Log = { ...silentLog, info: say, error: say };
  const { folder, audit } = await opened(t, { log, flushMs: 50, maxWaitingBytes: 5000 });
  const file = join(folder, "2026-04-02.jsonl");
  await mkdir(file);
  audit.record(callRecord());
  await sleep(150);
  for (let i = 0; i < 1000; i++) audit.record(callRecord());
  await rm(file, { recursive: true });
  await sleep(150);
  audit.record(callRecord());
  await audit.close();
  const kept = (await readAll(folder)).length;
  assert.ok(4 < kept && kept < 20, `${kept} were kept`);
  assert.deepEqual(said, [
    "records of calls cannot be written: they wait",
    "records of calls wait for the disk, and new ones are lost until it takes them",
    "records of calls are written again",
    `${1002 - kept} records of calls were lost while they could not be written`,
  ]);
});

test("thousands of calls in one moment are all kept, though not all of them may wait", async (t) => {
  const { folder, audit } = await opened(t, { flushMs: 60_000, maxWaitingBytes: 500_000 });
  for (let i = 0; i < 2000; i++) {
    audit.record(callRecord());
    if (i % 10 === 0) await sleep(1);
  }
  await audit.close();
  assert.equal((await readAll(folder)).length, 2000);
});

test("a follower sees what is written later, each record once", async (t) => {
  const { folder, audit } = await opened(t, { flushMs: 20 });
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const { awsRegion } of readRecords({ folder, sinceMs: 0, follow: stop.signal })) {
      seen.push(awsRegion);
      if (awsRegion === "third") stop.abort();
    }
  })();
  for (const [region, ms] of [
    ["first", 0],
    ["second", 0],
    ["third", day],
  ] as const) {
    audit.record(callRecord({ region, startedAtMs: startedAtMs + ms }));
    await sleep(300);
  }
  await following;
  await audit.close();
  assert.deepEqual(seen, ["first", "second", "third"]);
});

test("a record costs little", async (t) => {
  const { folder, audit } = await opened(t, { maxWaitingBytes: 1 << 30 });
  const call = callRecord();
  for (let i = 0; i < 2000; i++) audit.record(call);
  const before = process.cpuUsage();
  for (let i = 0; i < 10_000; i++) audit.record(call);
  const { user, system } = process.cpuUsage(before);
  t.diagnostic(`${((user + system) / 10_000).toFixed(1)} µs of CPU for a record`);
  assert.ok((user + system) / 10_000 < 100);
  await audit.close();
  assert.equal((await readFile(join(folder, "2026-04-02.jsonl"), "utf8")).split("\n").length, 12_001);
});
