/**
 * The program as people run it: processes of `serve` and `worker`, the unmodified clients for them, and an end by kill -9.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ElasticTranscoder } from "@aws-sdk/client-elastic-transcoder";
import { S3 } from "@aws-sdk/client-s3";
import { systemClock } from "../../src/base/clock.ts";
import { signRequest } from "../../src/edge/auth/sign.ts";

const repository = resolve(import.meta.dirname, "../../..");
export const keys = {
  accessKeyId: "AKIAJOURNEYJOURNEY01",
  secretAccessKey: "journey-secret-journey-secret-journey-01",
};
const region = "us-east-1";

export type MillraceProcess = {
  /** "" for a worker. */
  url: string;
  pid: number;
  /** What it wrote to both outputs. */
  output(): string;
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
};

/** Resolves when it says that it is ready; throws with its words when it ends before. */
export async function startMillrace(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<MillraceProcess> {
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...runtime, join(repository, "server/src/app/main.ts"), ...args], {
    env: {
      ...process.env,
      MILLRACE_ROOT_ACCESS_KEY_ID: keys.accessKeyId,
      MILLRACE_ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (/listens on|worker ready/.test(said)) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`millrace ${args.join(" ")} ended early:\n${said}`)));
  });
  await ready;
  return {
    url: /listens on (\S+)/.exec(said)?.[1] ?? "",
    pid: child.pid!,
    output: () => said,
    kill: (signal) => end(child, signal),
  };
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

export function transcoderOf(url: string): ElasticTranscoder {
  return new ElasticTranscoder({ endpoint: url, region, credentials: keys });
}

export function s3Of(url: string): S3 {
  return new S3({ endpoint: url, region, credentials: keys, forcePathStyle: true });
}

/** For the one call that no SDK makes: ends a job that already runs. */
export async function cancelByForce(url: string, jobId: string): Promise<number> {
  const target = new URL(`/2012-09-25/jobs/${jobId}?force=true`, url);
  const headers = signRequest({
    method: "DELETE",
    url: target,
    headers: {},
    body: "",
    credentials: keys,
    service: "elastictranscoder",
    region,
    clock: systemClock,
  });
  const response = await fetch(target, { method: "DELETE", headers });
  await response.arrayBuffer();
  return response.status;
}

export async function allKeys(s3: S3, bucket: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for (let token: string | undefined; ; ) {
    const page = await s3.listObjectsV2({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
    found.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    token = page.NextContinuationToken;
    if (token === undefined) return found;
  }
}

/** Where running FFmpegs work, of those below `folder`. */
export async function ffmpegsBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const program = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
    const runsIn = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (program.startsWith("ff") && runsIn.startsWith(folder)) found.push(runsIn);
  }
  return found;
}

/** A moving picture with a tone, small enough to encode in a moment. */
export async function makeClip(path: string, seconds: number, size = "320x180"): Promise<void> {
  const inputs = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`, "-f", "lavfi", "-i", "sine=frequency=440"];
  const codecs = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-t",
    String(seconds),
  ];
  const child = spawn("ffmpeg", ["-v", "error", "-nostdin", "-y", ...inputs, ...codecs, path], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("ffmpeg could not make a clip");
}

/**
 * An `ffmpeg` that gives x264 one thread. With several, x264's rate control goes by which frame is done first, and the
 * same command writes other bytes each time: no sum of an output could be compared with another's.
 */
export async function oneThreadedFfmpeg(folder: string): Promise<string> {
  const path = join(folder, "ffmpeg");
  const script = `#!/bin/sh
left=$#
while [ $left -gt 0 ]; do
  word=$1; shift; set -- "$@" "$word"
  if [ "$word" = libx264 ]; then set -- "$@" -threads:v 1; fi
  left=$((left - 1))
done
exec ffmpeg "$@"
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

/** Removed when `work` succeeds; kept, and named, when it fails. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-journey-"));
  try {
    await work(folder);
  } catch (error) {
    process.stderr.write(`kept for a look: ${folder}\n`);
    throw error;
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
