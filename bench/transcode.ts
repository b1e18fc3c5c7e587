/**
 * What a job costs beside bare FFmpeg, and how soon one starts beside many that wait.
 *
 *   node_modules/.bin/node --conditions=millrace-source bench/transcode.ts [RUNS] [FILE]
 *
 * 1. job: wall time of a job, CreateJob to Complete, over that of the very ffmpeg commands of its log run bare on the
 *    same file, for one small output (640x360 HLS), one of 720p (MP4) and a ladder of four. Pairs take turns, the first pair
 *    warms up; medians. At most 1.03. What a job adds hardly grows with the film, so the difference is printed too.
 * 2. ladder: four rungs in one job over four jobs of one rung, wall time and CPU of the FFmpeg processes. At most 0.86 and 0.93.
 * 3. queue: with 10,000 jobs waiting in paused pipelines, CreateJob → Progressing (p99 under 300 ms) and the first page
 *    of the lists (p99 under 50 ms).
 *
 * RUNS is 3, FILE a clip of 42 s beside the repository, or else one that is made. Ends by itself in about twenty minutes;
 * exits 1 when a bound is missed. MILLRACE_BENCH=job,ladder,queue picks parts. Nothing else should run beside it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CreateJobCommandInput, ElasticTranscoder, Job } from "@aws-sdk/client-elastic-transcoder";
import { readJobLog } from "../server/src/storage/records/job-logs.ts";
import { insertJob } from "../server/src/storage/records/jobs.ts";
import { openSqliteRecords } from "../server/src/storage/records/sqlite.ts";
import {
  type MillraceProcess,
  makeClip,
  s3Of,
  startMillrace,
  transcoderOf,
  withFolder,
} from "../server/test/journeys/millrace-process.ts";

const runs = Number(process.argv[2] ?? 3);
const parts = (process.env.MILLRACE_BENCH ?? "job,ladder,queue").split(",");
const rungs = ["1351620000001-200010", "1351620000001-200020", "1351620000001-200030", "1351620000001-200040"];
const generic720p = "1351620000001-000010";
const home = { account: "000000000000", region: "us-east-1" };
const waitingJobs = 10_000;

let jobNumber = 0;
const results: { name: string; value: number; unit: string; bound: number }[] = [];

await withFolder(async (folder) => {
  const data = join(folder, "data");
  const start = () =>
    startMillrace(["serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "warn", "--max-pipelines", "10"]);
  let server = await start();
  try {
    const source = await sourceClip(folder);
    await s3Of(server.url).createBucket({ Bucket: "media" });
    await s3Of(server.url).putObject({ Bucket: "media", Key: "source.mp4", Body: await readFile(source) });
    const pipelineId = await createPipeline(server, "bench");
    const bench: Bench = { server, data, folder, source, pipelineId };
    if (parts.includes("job")) {
      await compareWithBare(bench, "one output, 640x360", rungs.slice(2, 3));
      await compareWithBare(bench, "one output, 720p", [generic720p]);
      await compareWithBare(bench, "four rungs", rungs);
    }
    if (parts.includes("ladder")) await compareLadder(bench);
    if (parts.includes("queue")) {
      const paused = [];
      for (let at = 0; at < 4; at++) {
        const id = await createPipeline(server, `paused ${at}`);
        await transcoderOf(server.url).updatePipelineStatus({ Id: id, Status: "Paused" });
        paused.push(id);
      }
      await server.kill("SIGTERM");
      await fillQueue(data, paused);
      server = await start();
      await measureQueue({ ...bench, server }, paused[0]!);
    }
  } finally {
    await server.kill("SIGKILL");
  }
});

let missed = 0;
for (const { name, value, unit, bound } of results) {
  const kept = value <= bound;
  if (!kept) missed++;
  console.log(
    `${kept ? "ok  " : "MISS"} ${name.padEnd(58)} ${value.toFixed(unit === "ms" ? 1 : 3)} ${unit} (at most ${bound})`,
  );
}
process.exitCode = missed === 0 ? 0 : 1;

type Bench = { server: MillraceProcess; data: string; folder: string; source: string; pipelineId: string };

async function compareWithBare(bench: Bench, name: string, presets: readonly string[]): Promise<void> {
  const jobs: number[] = [];
  const bares: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const job = await runJob(bench, presets);
    const commands = await ffmpegCommands(bench, job.Id!);
    const jobMs = job.Timing!.FinishTimeMillis! - job.Timing!.SubmitTimeMillis!;
    const bareMs = await runBare(bench, commands);
    console.log(`# ${name}, run ${run}: job ${jobMs} ms, bare ${bareMs.toFixed(0)} ms (${commands.length} commands)`);
    if (run === 0) continue;
    jobs.push(jobMs);
    bares.push(bareMs);
  }
  console.log(`# ${name}: the job costs ${(median(jobs) - median(bares)).toFixed(0)} ms more`);
  results.push({ name: `job over bare ffmpeg, ${name}`, value: median(jobs) / median(bares), unit: "×", bound: 1.03 });
}

async function compareLadder(bench: Bench): Promise<void> {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run++) {
    const together = await measured(bench, [rungs]);
    const apart = await measured(
      bench,
      rungs.map((rung) => [rung]),
    );
    console.log(
      `# ladder, run ${run}: together ${together.ms} ms, ${together.cpuMs} ms CPU; apart ${apart.ms} ms, ${apart.cpuMs} ms CPU`,
    );
    wall.push(together.ms / apart.ms);
    cpu.push(together.cpuMs / apart.cpuMs);
  }
  results.push({
    name: "four rungs in one job over four jobs, wall time",
    value: median(wall),
    unit: "×",
    bound: 0.86,
  });
  results.push({ name: "four rungs in one job over four jobs, CPU", value: median(cpu), unit: "×", bound: 0.93 });
}

async function measured(bench: Bench, jobs: readonly (readonly string[])[]): Promise<{ ms: number; cpuMs: number }> {
  const before = await childrenCpuMs(bench.server.pid);
  let ms = 0;
  for (const presets of jobs) {
    const { Timing } = await runJob(bench, presets);
    ms += Timing!.FinishTimeMillis! - Timing!.SubmitTimeMillis!;
  }
  return { ms, cpuMs: (await childrenCpuMs(bench.server.pid)) - before };
}

async function measureQueue(bench: Bench, pausedPipeline: string): Promise<void> {
  const transcoder = transcoderOf(bench.server.url);
  const starts: number[] = [];
  for (let at = 0; at < 200; at++) {
    const before = Date.now();
    // An input that is not there: the job starts as any other does, and does not keep the worker from the next.
    const job = await submit(transcoder, bench.pipelineId, {
      Input: { Key: "missing.mp4" },
      Outputs: [{ Key: `queue-${at}`, PresetId: rungs[0]! }],
    });
    starts.push((await finished(transcoder, job.Id!, 5)).Timing!.StartTimeMillis! - before);
  }
  results.push({
    name: `CreateJob → Progressing beside ${waitingJobs} waiting, p99`,
    value: percentile(starts, 0.99),
    unit: "ms",
    bound: 300,
  });
  const lists: [string, () => Promise<unknown>][] = [
    ["ListJobsByStatus", () => transcoder.listJobsByStatus({ Status: "Submitted" })],
    ["ListJobsByPipeline", () => transcoder.listJobsByPipeline({ PipelineId: pausedPipeline })],
    [
      "ListJobsByPipeline, newest first",
      () => transcoder.listJobsByPipeline({ PipelineId: pausedPipeline, Ascending: "false" }),
    ],
  ];
  for (const [name, list] of lists) {
    for (let warm = 0; warm < 5; warm++) await list();
    const took: number[] = [];
    for (let at = 0; at < 100; at++) {
      const before = performance.now();
      await list();
      took.push(performance.now() - before);
    }
    results.push({ name: `${name}, first page, p99`, value: percentile(took, 0.99), unit: "ms", bound: 50 });
  }
}

/** Straight into the rows: ten thousand signed calls would measure the caller. */
async function fillQueue(data: string, pipelineIds: readonly string[]): Promise<void> {
  const records = await openSqliteRecords({ path: join(data, "millrace.db") });
  const document = {
    inputs: [{ Key: "source.mp4" }],
    outputs: [
      {
        Id: "1",
        Key: "out",
        PresetId: rungs[0]!,
        preset: { Name: "waits", Container: "ts" },
        Status: "Submitted" as const,
      },
    ],
    playlists: [],
  };
  const submittedAt = Date.now() - waitingJobs;
  await records.transaction(async (db) => {
    for (let at = 0; at < waitingJobs; at++) {
      const id = `${submittedAt + at}-waits${at % 10}`;
      await insertJob(
        db,
        home,
        { id, pipelineId: pipelineIds[at % pipelineIds.length]!, submittedAt: submittedAt + at, document },
        1e6,
      );
    }
  });
  await records.close();
}

async function createPipeline({ url }: MillraceProcess, Name: string): Promise<string> {
  const Role = "arn:aws:iam::000000000000:role/transcoder";
  const { Pipeline } = await transcoderOf(url).createPipeline({
    Name,
    Role,
    InputBucket: "media",
    OutputBucket: "media",
  });
  return Pipeline!.Id!;
}

async function runJob({ server, pipelineId }: Bench, presets: readonly string[]): Promise<Job> {
  const transcoder = transcoderOf(server.url);
  const OutputKeyPrefix = `job-${++jobNumber}/`;
  const Outputs = presets.map((PresetId) => ({
    Key: PresetId,
    PresetId,
    ...(rungs.includes(PresetId) && { SegmentDuration: "6" }),
  }));
  const { Id } = await submit(transcoder, pipelineId, { Input: { Key: "source.mp4" }, OutputKeyPrefix, Outputs });
  const job = await finished(transcoder, Id!, 200);
  if (job.Status !== "Complete") throw new Error(`a job failed: ${JSON.stringify(job.Outputs)}`);
  return job;
}

async function submit(
  transcoder: ElasticTranscoder,
  PipelineId: string,
  job: Omit<CreateJobCommandInput, "PipelineId">,
): Promise<Job> {
  return (await transcoder.createJob({ PipelineId, ...job })).Job!;
}

async function finished(transcoder: ElasticTranscoder, Id: string, pollMs: number): Promise<Job> {
  for (const deadline = Date.now() + 600_000; Date.now() < deadline; await sleep(pollMs)) {
    const { Job } = await transcoder.readJob({ Id });
    if (Job!.Status !== "Submitted" && Job!.Status !== "Progressing") return Job!;
  }
  throw new Error(`job ${Id} has not ended in ten minutes`);
}

/** As the log has them, but reading the file instead of the job's address, which went with the job. */
async function ffmpegCommands({ data, source }: Bench, jobId: string): Promise<string[]> {
  const records = await openSqliteRecords({ path: join(data, "millrace.db") });
  const log = await readJobLog(records.db, jobId);
  await records.close();
  return log
    .split("\n")
    .filter((line) => line.startsWith("ffmpeg -"))
    .map((line) => line.replaceAll(/http:\/\/127\.0\.0\.1:\d+\/\S+/g, `file:${source}`).replaceAll("http,tcp", "file"));
}

async function runBare({ folder }: Bench, commands: readonly string[]): Promise<number> {
  if (commands.length === 0) throw new Error("the job's log has no ffmpeg command");
  const cwd = join(folder, "bare");
  for (const name of commands.join(" ").match(/output-\w+(?=\/)/g) ?? [])
    await mkdir(join(cwd, name), { recursive: true });
  const began = performance.now();
  for (const command of commands) {
    const child = spawn("/bin/sh", ["-c", `exec ${command}`], { cwd, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`bare: ${command}\n${said}`);
  }
  const took = performance.now() - began;
  await rm(cwd, { recursive: true });
  return took;
}

/** Of the children that the process has had, user and system time. */
async function childrenCpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function sourceClip(folder: string): Promise<string> {
  if (process.argv[3] !== undefined) return resolve(process.argv[3]);
  const real = resolve(import.meta.dirname, "../../shared/media/video/bbb_720p24_42s_h264_aac.mp4");
  if (existsSync(real)) return real;
  console.log(`# ${real} is absent: a generated clip instead`);
  const path = join(folder, "source.mp4");
  await makeClip(path, 30, "1280x720");
  return path;
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]!;
}
