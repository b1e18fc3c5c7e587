/**
 * One child process of FFmpeg's: no shell, no stdin unless asked for, little environment, ended by a signal.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants, setPriority } from "node:os";

/** Not the rest: no proxy may stand between FFmpeg and our own server, and its inputs are strangers' files. */
const passedOn = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "FONTCONFIG_PATH",
  "FONTCONFIG_FILE",
];

export function spawnFfmpeg(
  program: string,
  args: readonly string[],
  cwd?: string,
  stdin: "ignore" | "pipe" = "ignore",
): ChildProcess {
  const env: Record<string, string> = { LANG: "C.UTF-8", AV_LOG_FORCE_NOCOLOR: "1" };
  for (const name of [...passedOn, "XDG_CACHE_HOME"]) if (process.env[name]) env[name] = process.env[name];
  return spawn(program, args, { cwd, env, stdio: [stdin, "pipe", "pipe"], windowsHide: true });
}

export type Captured = {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  endedBy?: "signal" | "time" | "size";
};

/**
 * Runs to the end and keeps what was said, up to `maxBytes` of each. Never throws for what the program does.
 * `inBackground`: it takes only time that nobody else wants.
 */
export async function capture(
  program: string,
  args: readonly string[],
  options: { signal?: AbortSignal; timeoutMs: number; maxBytes?: number; cwd?: string; inBackground?: boolean },
): Promise<Captured> {
  const { signal, timeoutMs, maxBytes = 8 << 20 } = options;
  signal?.throwIfAborted();
  const child = spawnFfmpeg(program, args, options.cwd);
  if (options.inBackground) lower(child.pid);
  let endedBy: Captured["endedBy"];
  const end = (reason: NonNullable<Captured["endedBy"]>) => {
    endedBy ??= reason;
    child.kill("SIGKILL");
  };
  const onAbort = () => end("signal");
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => end("time"), timeoutMs);
  try {
    const texts = [child.stdout!, child.stderr!].map(async (stream) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of stream) {
        size += chunk.length;
        if (maxBytes < size) end("size");
        else chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString("utf8");
    });
    const exited = new Promise<number | null>((done, failed) => {
      child.once("error", failed);
      child.once("close", done);
    });
    const [exitCode, stdout, stderr] = await Promise.all([exited, ...texts]);
    signal?.throwIfAborted();
    return { exitCode: exitCode as number | null, stdout: stdout as string, stderr: stderr as string, endedBy };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended, or the system will not have it.
  }
}
