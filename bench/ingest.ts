/**
 * What PutMedia takes in, how soon it is durable, and what that costs: client and server on the same cores.
 *
 *   [MILLRACE_BENCH=latency,…] [MILLRACE_LONG=1] node_modules/.bin/node --conditions=millrace-source bench/ingest.ts
 *
 * Cameras send Matroska of 25 frames a second, a chunk a frame, fragments of two seconds. Latency: from the write of a
 * fragment's last byte to its PERSISTED. A server of its own, as people start it, for each of these parts:
 *
 * - latency: 50 cameras of 1 Mbit/s, 10 s (long: 60 s). PERSISTED p50 ≤ 25 ms, p99 ≤ 100 ms.
 * - streams: cameras of 2 Mbit/s, a hundred more with each step of 10 s (long: 60 s), until an acknowledgement takes longer
 *   than 1 s or none comes. 500 are to hold.
 * - throughput: what one producer gets through, beside a bare sink of `node:http` that writes the same bytes to the same disk
 *   with an fsync for each 8 MiB; turn about, medians. At least half as much.
 * - encryption: what one producer gets through with its fragments encrypted and with a CRC-32 alone, by servers that are
 *   alike but for that; turn about, medians. At least 0.9 times as much.
 * - idle: memory for each of 500 open connections that have sent a fragment. Under 200 KB.
 * - growth: 57 cameras of 0.25 Mbit/s for 2 minutes (long: 30). The median RSS of the last quarter is at most a tenth above
 *   that of the second quarter.
 *
 * Each line ends with the CPU time of server and client in percent of one core, the
 * server's for each megabyte, its RSS, and the load average.
 * Exits 1 when a bound is missed.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { keys, type MillraceProcess, startMillrace, withFolder } from "../server/test/journeys/millrace-process.ts";
import type { LoadResult, LoadTask } from "./ingest/load.ts";

const long = process.env.MILLRACE_LONG === "1";
const fragmentMs = 2_000;
const warmUpSeconds = 3;

const parts: Record<string, () => Promise<boolean>> = {
  latency: () => measureLatency({ cameras: 50, bitsPerSecond: 1e6, seconds: long ? 60 : 10 }, { p50: 25, p99: 100 }),
  streams: () => findMostStreams({ step: 100, aim: 500, bitsPerSecond: 2e6, seconds: long ? 60 : 10 }, 1_000),
  throughput: () => compareThroughput({ turns: long ? 9 : 3, fragments: 640, frames: 25, frameBytes: 16_000 }, 0.5),
  encryption: () => compareEncryption({ turns: long ? 15 : 9, fragments: 640, frames: 25, frameBytes: 16_000 }, 0.9),
  idle: () => measureIdle(500, 200_000),
  growth: () => measureGrowth({ cameras: 57, bitsPerSecond: 0.25e6, seconds: long ? 1_800 : 120 }, 1.1),
};

type Pace = { cameras: number; bitsPerSecond: number; seconds: number };

async function measureLatency({ cameras, bitsPerSecond, seconds }: Pace, bound: { p50: number; p99: number }) {
  return onServer(async (server) => {
    const load = await startCameras(server, { cameras, bitsPerSecond, seconds });
    const { result, cost } = await watched(server, load);
    const holds = isWhole(result) && quantile(result.latencies, 0.5) <= bound.p50;
    console.log(`latency: ${cameras} × ${bitsPerSecond / 1e6} Mbit/s: ${shown(result)}; ${cost}`);
    return holds && quantile(result.latencies, 0.99) <= bound.p99;
  });
}

async function findMostStreams(
  { step, aim, bitsPerSecond, seconds }: { step: number; aim: number; bitsPerSecond: number; seconds: number },
  latestMs: number,
): Promise<boolean> {
  for (let cameras = step; ; cameras += step) {
    const holds = await onServer(async (server) => {
      const load = await startCameras(server, { cameras, bitsPerSecond, seconds });
      const { result, cost } = await watched(server, load);
      const latest = Math.max(result.lagMs, quantile(result.latencies, 1));
      console.log(`streams: ${cameras} × ${bitsPerSecond / 1e6} Mbit/s: ${shown(result)}; ${cost}`);
      return isWhole(result) && latest <= latestMs;
    });
    if (holds) continue;
    console.log(`streams: ${cameras - step} hold for ${seconds} s, the aim is ${aim}`);
    return aim <= cameras - step;
  }
}

type FlatOut = { turns: number; fragments: number; frames: number; frameBytes: number };

async function compareThroughput({ turns, ...load }: FlatOut, bound: number): Promise<boolean> {
  return onServer(async (server, folder) => {
    const sink = fork(join(import.meta.dirname, "ingest/sink.ts"), [join(folder, "sink")]);
    try {
      const [port] = await once(sink, "message");
      const streams = await createStreams(server.url, 1);
      const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
      let costs = "";
      for (let turn = 0; turn <= turns; turn++) {
        const ours = await watched(server, startLoad({ kind: "flat-out", url: server.url, streams, ...load }));
        const bare = await watched(
          { pid: sink.pid! },
          startLoad({ kind: "flat-out", url: `http://127.0.0.1:${port}`, streams, ...load }),
        );
        if (!isWhole(ours.result)) throw new Error(`a fragment got lost: ${ours.result.failures}`);
        costs = `${ours.cost} (the sink: ${bare.cost})`;
        if (turn === 0) continue;
        rates.ours.push(rateOf(ours.result));
        rates.bare.push(rateOf(bare.result));
      }
      const [ours, bare] = [quantile(rates.ours, 0.5), quantile(rates.bare, 0.5)];
      const ratio = (ours / bare).toFixed(2);
      console.log(`throughput: ${ours.toFixed(0)} MB/s; the bare sink ${bare.toFixed(0)} MB/s (${ratio} x); ${costs}`);
      return bound <= ours / bare;
    } finally {
      sink.disconnect();
    }
  });
}

async function compareEncryption({ turns, ...load }: FlatOut, bound: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  await withFolder(async (folder) => {
    const kinds = ["sealed", "plain"] as const;
    const servers = await Promise.all(
      kinds.map(async (kind) => {
        const child = fork(join(import.meta.dirname, "ingest/sealing-server.ts"), [join(folder, kind), kind]);
        const [url] = await once(child, "message");
        return { kind, child, url, streams: await createStreams(url, 1), rates: [] as number[], cost: "" };
      }),
    );
    try {
      for (let turn = 0; turn <= turns; turn++) {
        // Who is first is second the next time.
        for (const server of turn % 2 === 0 ? servers : servers.toReversed()) {
          const { url, streams, child } = server;
          const { result, cost } = await watched(
            { pid: child.pid! },
            startLoad({ kind: "flat-out", url, streams, ...load }),
          );
          if (!isWhole(result)) throw new Error(`a fragment got lost: ${result.failures}`);
          server.cost = cost;
          if (0 < turn) server.rates.push(rateOf(result));
        }
      }
    } finally {
      for (const { child } of servers) child.disconnect();
    }
    const [sealed, plain] = servers.map(({ rates }) => quantile(rates, 0.5)) as [number, number];
    const costs = servers.map(({ kind, cost }) => `${kind}: ${cost}`).join("; ");
    const rates = `${sealed.toFixed(0)} MB/s; without ${plain.toFixed(0)} MB/s (${(sealed / plain).toFixed(2)} x)`;
    console.log(`encryption: ${rates}; ${costs}`);
    resolve(bound <= sealed / plain);
  });
  return promise;
}

async function measureIdle(connections: number, boundBytes: number): Promise<boolean> {
  return onServer(async (server) => {
    const streams = await createStreams(server.url, connections + 100);
    // What the first of all connections cost the process once is not the others' doing.
    const first = startLoad({ kind: "idle", url: server.url, streams: streams.slice(connections) });
    await once(first, "message");
    const before = await rssOf(server.pid);
    const load = startLoad({ kind: "idle", url: server.url, streams: streams.slice(0, connections) });
    await once(load, "message");
    const each = ((await rssOf(server.pid)) - before) / connections;
    const results = await Promise.all([first, load].map(released));
    const kilobytes = (each / 1000).toFixed(0);
    const ends = results.map(ended).join("");
    console.log(`idle: ${kilobytes} KB for each of ${connections} streams${ends}; load average ${loadAverage()}`);
    return results.every(isWhole) && each <= boundBytes;
  });
}

async function measureGrowth({ cameras, bitsPerSecond, seconds }: Pace, bound: number): Promise<boolean> {
  return onServer(async (server) => {
    const load = await startCameras(server, { cameras, bitsPerSecond, seconds });
    const sizes: number[] = [];
    const timer = setInterval(async () => sizes.push(await rssOf(server.pid)), 1_000);
    const { result, cost } = await watched(server, load);
    clearInterval(timer);
    const quarter = sizes.length >> 2;
    const medians = [0, 1, 2, 3].map((at) => quantile(sizes.slice(at * quarter, (at + 1) * quarter), 0.5));
    const growth = medians[3]! / medians[1]!;
    const quarters = medians.map((bytes) => (bytes / 1e6).toFixed(0)).join(", ");
    console.log(
      `growth: RSS by quarters of ${seconds} s: ${quarters} MB (${growth.toFixed(2)} x); ${shown(result)}; ${cost}`,
    );
    return isWhole(result) && growth <= bound;
  });
}

function onServer<Result>(work: (server: MillraceProcess, folder: string) => Promise<Result>): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>();
  const done = withFolder(async (folder) => {
    const args = [
      "--listen",
      "127.0.0.1:0",
      "--data",
      join(folder, "millrace"),
      "--log-level",
      "warn",
      "--role",
      "api",
    ];
    const server = await startMillrace(["serve", ...args]);
    try {
      resolve(await work(server, folder));
    } finally {
      await server.kill("SIGTERM");
    }
    const said = server
      .output()
      .split("\n")
      .filter((line) => line.includes('"level":"error"'));
    if (0 < said.length) console.log(said.slice(0, 5).join("\n"));
  });
  return done.then(() => promise);
}

async function startCameras(
  { url }: MillraceProcess,
  { cameras, bitsPerSecond, seconds }: Pace,
): Promise<ChildProcess> {
  const streams = await createStreams(url, cameras);
  return startLoad({ kind: "paced", url, streams, bitsPerSecond, fragmentMs, seconds, warmUpSeconds });
}

async function createStreams(endpoint: string, count: number): Promise<string[]> {
  const client = new KinesisVideo({ endpoint, region: "us-east-1", credentials: keys });
  const names = Array.from({ length: count }, (_, index) => `camera-${index}`);
  for (let from = 0; from < count; from += 32) {
    const some = names.slice(from, from + 32);
    await Promise.all(some.map((StreamName) => client.createStream({ StreamName, DataRetentionInHours: 24 })));
  }
  client.destroy();
  return names;
}

function startLoad(task: LoadTask): ChildProcess {
  const child = fork(join(import.meta.dirname, "ingest/load.ts"), { serialization: "advanced" });
  child.send(task);
  return child;
}

async function resultOf(load: ChildProcess): Promise<LoadResult> {
  const [result] = await Promise.race([
    once(load, "message"),
    once(load, "exit").then(([code]) => Promise.reject(new Error(`the load generator ended early: ${code}`))),
  ]);
  return result;
}

function released(load: ChildProcess): Promise<LoadResult> {
  load.send("enough");
  return resultOf(load);
}

/** What the load saw, and what it cost both sides, in words. */
async function watched(server: { pid: number }, load: ChildProcess): Promise<{ result: LoadResult; cost: string }> {
  const before = await cpuMsOf(server.pid);
  const result = await resultOf(load);
  const spent = (await cpuMsOf(server.pid)) - before;
  const share = (cpuMs: number) => `${((100 * cpuMs) / result.tookMs).toFixed(0)} %`;
  const rss = ((await rssOf(server.pid)) / 1e6).toFixed(0);
  const eachMb = ((spent * 1e6) / result.sizeBytes).toFixed(1);
  const cpu = `CPU ${share(spent)} + ${share(result.cpuMs)}, ${eachMb} ms/MB`;
  return { result, cost: `${cpu}, RSS ${rss} MB, load average ${loadAverage()}` };
}

function shown(result: LoadResult): string {
  const { latencies, lagMs } = result;
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(latencies, share).toFixed(1));
  const late = lagMs < 100 ? "" : `, the client itself up to ${lagMs.toFixed(0)} ms late`;
  return `PERSISTED of ${latencies.length} after p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms${late}${ended(result)}`;
}

function ended({ lost, failures }: LoadResult): string {
  const why = failures.length === 0 ? "" : `, ${failures.length} ended early (${failures[0]})`;
  return (lost === 0 ? "" : `, ${lost} fragments never`) + why;
}

function isWhole({ lost, failures }: LoadResult): boolean {
  return lost === 0 && failures.length === 0;
}

/** Megabytes a second. */
function rateOf({ sizeBytes, tookMs }: LoadResult): number {
  return sizeBytes / 1000 / tookMs;
}

/** Of both modes and all threads. Linux counts in hundredths of a second. */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)![1]) * 1024;
}

function loadAverage(): string {
  return loadavg()[0]!.toFixed(1);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const chosen = process.env.MILLRACE_BENCH?.split(",") ?? Object.keys(parts);
for (const name of chosen) {
  const part = parts[name];
  if (part === undefined) throw new Error(`MILLRACE_BENCH: ${name} is none of ${Object.keys(parts).join(", ")}`);
  if (!(await part())) {
    console.log(`${name}: missed`);
    process.exitCode = 1;
  }
}
