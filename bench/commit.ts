/**
 * What it costs to make fragments durable, and to find them among a million.
 *
 *   node_modules/.bin/node --conditions=millrace-source bench/commit.ts [SECONDS] [FOLDER]
 *
 * 1. Cameras that send a fragment every two seconds each, for SECONDS (default 5): the time from handing one in to PERSISTED.
 * 2. As many fragments of 250 KB as go through, beside the same bytes written plainly in the same run: files of a pack's size,
 *    each synced, renamed and its folder synced, no encryption and no rows.
 * 3. A stream of 1,000,000 rows: what playback and lists ask of them.
 *
 * FOLDER (default: the system's temporary folder) says which disk. Exits 1 when 50 cameras of 1 Mbit/s wait more than 25 ms
 * in the median, or an index query takes more than 20 ms in 99 of 100 cases.
 */
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { systemClock, systemSleep } from "../server/src/base/clock.ts";
import { silentLog } from "../server/src/base/log.ts";
import { systemRandom } from "../server/src/base/random.ts";
import { Committer } from "../server/src/engine/ingest/committer.ts";
import { type FragmentNumbers, openFragmentNumbers } from "../server/src/engine/ingest/fragment-numbers.ts";
import { openFsBlobs } from "../server/src/storage/blobs/fs-store.ts";
import { masterKeyWrapper } from "../server/src/storage/keys/key-wrapper.ts";
import { openKeyring } from "../server/src/storage/keys/keyring.ts";
import { openKmsStore } from "../server/src/storage/keys/kms-store.ts";
import {
  countFragments,
  findFragmentAt,
  findFragments,
  findNewestFragment,
  listFragmentsAfter,
  listFragmentsByTime,
} from "../server/src/storage/records/fragments.ts";
import type { Records } from "../server/src/storage/records/records.ts";
import { openSqliteRecords } from "../server/src/storage/records/sqlite.ts";
import { insertTestStream } from "../server/test/support/stream-rows.ts";

const seconds = Number(process.argv[2] ?? 5);
const periodMs = 2000;
const packBytes = 8 << 20;
const boundMs = { persisted: 25, index: 20 };

async function run(folder: string): Promise<void> {
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
  const chance = { clock: systemClock, random: systemRandom };
  const wrapper = masterKeyWrapper(systemRandom(32), systemRandom);
  const keys = openKeyring({ records, kms: openKmsStore({ records, wrapper, ...chance }), wrapper, ...chance });
  const parts = { records, blobs, keys, ...chance, sleep: systemSleep, log: silentLog, tickMs: 10, packBytes };
  const numbers = openFragmentNumbers(parts);
  const committer = new Committer(parts);
  try {
    // As a session does when it begins: the first time a stream is written to, its key is made.
    for (let camera = 0; camera < 500; camera++) {
      await insertTestStream(records, `camera-${camera}`, 24);
      await keys.open(`camera-${camera}`, 0);
    }
    const median = await measureCameras(committer, numbers, 50, 1e6);
    await measureCameras(committer, numbers, 500, 2e6);
    await measureThroughput(committer, numbers, folder);
    const slowest = await measureIndex(records);
    if (boundMs.persisted < median || boundMs.index < slowest) process.exitCode = 1;
  } finally {
    await committer.close();
    await blobs.close();
    await records.close();
  }
}

/** Prints a line and returns the median in milliseconds. Fragments come when they are due, however many still wait. */
async function measureCameras(
  committer: Committer,
  numbers: FragmentNumbers,
  cameras: number,
  bitsPerSecond: number,
): Promise<number> {
  const bytes = systemRandom((bitsPerSecond / 8) * (periodMs / 1000));
  const waited: number[] = [];
  const pending: Promise<void>[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  for (let sent = 0; ; sent++) {
    const due = begun + (sent * periodMs) / cameras;
    if (begun + seconds * 1000 < due) break;
    const early = due - performance.now();
    if (1 <= early) await sleep(early);
    const from = performance.now();
    const stored = committer.submit(fragmentOf(numbers, `camera-${sent % cameras}`, bytes));
    pending.push(stored.then(() => void waited.push(performance.now() - from)));
  }
  await Promise.all(pending);
  const tookMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const load = (user + system) / 10 / tookMs;
  console.log(
    `${cameras} cameras of ${bitsPerSecond / 1e6} Mbit/s: PERSISTED after ${quantiles(waited)}; ` +
      `${((pending.length * bytes.length) / 1000 / tookMs).toFixed(1)} MB/s, ${load.toFixed(0)} % of a core`,
  );
  return quantile(waited, 0.5);
}

/** Turn about, so that both meet the same disk. */
async function measureThroughput(committer: Committer, numbers: FragmentNumbers, folder: string): Promise<void> {
  const bytes = systemRandom(250_000);
  const count = Math.ceil(packBytes / bytes.length);
  const rates: { ours: number[]; plain: number[] } = { ours: [], plain: [] };
  for (let turn = 0; turn < 6; turn++) {
    const packs = 8;
    const total = (packs * count * bytes.length) / 1e6;
    let begun = performance.now();
    const pending: Promise<unknown>[] = [];
    for (let sent = 0; sent < packs * count; sent++) {
      await committer.room();
      pending.push(committer.submit(fragmentOf(numbers, `camera-${sent % 50}`, bytes)));
    }
    await Promise.all(pending);
    const ours = total / ((performance.now() - begun) / 1000);
    begun = performance.now();
    for (let pack = 0; pack < packs; pack++) await writePlainly(folder, Array(count).fill(bytes));
    const plain = total / ((performance.now() - begun) / 1000);
    if (turn === 0) continue;
    rates.ours.push(ours);
    rates.plain.push(plain);
  }
  const [ours, plain] = [quantile(rates.ours, 0.5), quantile(rates.plain, 0.5)];
  console.log(
    `flat out: ${ours.toFixed(0)} MB/s, ${((ours * 1e6) / bytes.length).toFixed(0)} fragments/s; ` +
      `the bare bytes ${plain.toFixed(0)} MB/s (${(ours / plain).toFixed(2)} x)`,
  );
}

async function writePlainly(folder: string, chunks: readonly Uint8Array[]): Promise<void> {
  const file = await open(join(folder, "growing"), "w");
  await file.writev(chunks);
  await file.datasync();
  await file.close();
  await rename(join(folder, "growing"), join(folder, "plain"));
  const parent = await open(folder, "r");
  await parent.sync();
  await parent.close();
}

function fragmentOf(numbers: FragmentNumbers, streamId: string, bytes: Uint8Array) {
  const now = systemClock();
  const times = { serverTimestamp: now, producerTimestamp: now, durationMs: periodMs };
  const media = { header, body: [bytes], tags: [], clusterFrom: 0, clusterTo: bytes.length };
  return { streamId, number: numbers.next(streamId), ...times, ...media };
}

const header = systemRandom(600);

/** Prints a line for each query and returns the slowest 99th percentile in milliseconds. */
async function measureIndex(records: Records): Promise<number> {
  const [rows, start] = [1_000_000, 1_800_000_000_000];
  const begun = performance.now();
  await sql`insert into fragments
    with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${rows})
    select 'million', '9134385233' || (${start} + i * 2000) || '000000' || printf('%018d', abs(random()) % 1000000000000000000),
      ${start} + i * 2000, ${start} + i * 2000 - 300, 2000, 'kUc3Wc0VY0pXyHcYJDVOZA', '0' || printf('%023d', i),
      0, 250040, 0, 0, 0, 250000 from n`.execute(records.db);
  const size = await sql<{ bytes: number }>`select page_count * page_size as bytes
    from pragma_page_count(), pragma_page_size()`.execute(records.db);
  const mb = (size.rows[0]!.bytes / 1e6).toFixed(0);
  console.log(`1,000,000 rows (inserted in ${((performance.now() - begun) / 1000).toFixed(0)} s, ${mb} MB):`);
  const { db } = records;
  const stream = "million";
  const anyTime = () => start + Math.floor(Math.random() * rows) * 2000;
  const numbers = (await listFragmentsAfter(db, stream, `9134385233${anyTime()}`, 1000)).map(({ number }) => number);
  const anyNumber = () => numbers[Math.floor(Math.random() * numbers.length)]!;
  const upTo = (from: number, ms: number) => ({ from, to: from + ms });
  const queries: Record<string, () => Promise<unknown>> = {
    "a page of ListFragments (100), by server time": () =>
      listFragmentsByTime(db, stream, "server", { from: anyTime() }, { limit: 100 }),
    "a page of ListFragments (1000), by producer time": () =>
      listFragmentsByTime(db, stream, "producer", { from: anyTime() }, { limit: 1000 }),
    "a later page, after a position": () => {
      const at = anyTime();
      return listFragmentsByTime(db, stream, "server", {}, { after: { at, number: "9134385233" }, limit: 100 });
    },
    "a clip (200 fragments)": () =>
      listFragmentsByTime(db, stream, "producer", upTo(anyTime(), 400_000), { limit: 201 }),
    "its count": () => countFragments(db, stream, "producer", upTo(anyTime(), 400_000), 201),
    "a segment by its number": () => findFragments(db, stream, [anyNumber()]),
    "the fragment at a moment": () => findFragmentAt(db, stream, "producer", anyTime() + 777),
    "the next 10 after a number": () => listFragmentsAfter(db, stream, `9134385233${anyTime()}`, 10),
    "the newest": () => findNewestFragment(db, stream),
    "the newest by producer time": () =>
      listFragmentsByTime(db, stream, "producer", {}, { limit: 1, newestFirst: true }),
    "the oldest": () => listFragmentsAfter(db, stream, undefined, 1),
  };
  let slowest = 0;
  for (const [name, query] of Object.entries(queries)) {
    const rounds: number[][] = [];
    for (let round = 0; round < 3; round++) rounds.push(await timesOf(query, 300));
    // The round that other work on the machine has touched least.
    const took = rounds.toSorted((one, other) => quantile(one, 0.99) - quantile(other, 0.99))[0]!;
    console.log(`  ${name.padEnd(50)} ${quantiles(took)}`);
    slowest = Math.max(slowest, quantile(took, 0.99));
  }
  return slowest;
}

async function timesOf(query: () => Promise<unknown>, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let done = 0; done < count; done++) {
    const from = performance.now();
    await query();
    took.push(performance.now() - from);
  }
  return took;
}

function quantiles(values: readonly number[]): string {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(values, share).toFixed(2));
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)]!;
}

const folder = await mkdtemp(join(process.argv[3] ?? tmpdir(), "millrace-bench-"));
try {
  await run(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
