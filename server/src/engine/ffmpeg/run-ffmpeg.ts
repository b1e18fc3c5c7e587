/**
 * Runs one FFmpeg command to its end, with progress, limits and a bounded log.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { spawnFfmpeg } from "./child.ts";

export type RunOptions = {
  ffmpegPath: string;
  /** Where the command's relative names lead; everything that is written lies below. */
  folder: string;
  signal: AbortSignal;
  onProgress(progress: { seconds: number; speed?: number }): void;
  onLog(line: string): void;
  maxSeconds: number;
  maxOutputBytes: number;
};

export type RunResult =
  | { ended: "done" }
  | { ended: "failed"; exitCode: number | null; lastWords: string }
  | { ended: "too long" }
  | { ended: "too large" };

/** @throws the signal's reason once the process is gone, within a second of it; and when the program cannot start. */
export async function runFfmpeg(args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal.throwIfAborted();
  options.onLog(commandLine(options.ffmpegPath, args));
  const child = spawnFfmpeg(options.ffmpegPath, args, options.folder);
  let verdict: "too long" | "too large" | undefined;
  const kill = () => child.kill("SIGKILL");
  const end = (reason: typeof verdict) => {
    verdict ??= reason;
    kill();
  };
  options.signal.addEventListener("abort", kill, { once: true });
  const wall = setTimeout(() => end("too long"), Math.min(options.maxSeconds * 1000, 2 ** 31 - 1));
  let isMeasuring = false;
  const meter = setInterval(async () => {
    if (isMeasuring) return;
    isMeasuring = true;
    if (options.maxOutputBytes < (await folderSize(options.folder))) end("too large");
    isMeasuring = false;
  }, 1000);
  const log = new BoundedLog(options.onLog);
  const progress = new ProgressReader(options.onProgress);
  readLines(child.stdout!, (line) => progress.push(line));
  readLines(child.stderr!, (line) => log.push(line));
  try {
    const exitCode = await new Promise<number | null>((done, failed) => {
      child.once("error", failed);
      child.once("close", done);
    });
    log.end();
    options.signal.throwIfAborted();
    if (!verdict && options.maxOutputBytes < (await folderSize(options.folder))) verdict = "too large";
    if (verdict) return { ended: verdict };
    return exitCode === 0 ? { ended: "done" } : { ended: "failed", exitCode, lastWords: log.lastWords() };
  } finally {
    clearTimeout(wall);
    clearInterval(meter);
    options.signal.removeEventListener("abort", kill);
  }
}

/** As a shell would take it, so that it can be copied and run. */
export function commandLine(program: string, args: readonly string[]): string {
  const quote = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return [program, ...args].map(quote).join(" ");
}

/** FFmpeg's `key=value` lines; a block ends with `progress=`. */
class ProgressReader {
  #seconds = 0;
  #speed: number | undefined;
  #report: RunOptions["onProgress"];

  constructor(report: RunOptions["onProgress"]) {
    this.#report = report;
  }

  push(line: string): void {
    const [key, value = ""] = line.split("=", 2);
    if (key === "out_time_us" || key === "out_time_ms") {
      // Both are microseconds, whatever their names say; N/A before the first frame.
      const seconds = Number(value) / 1e6;
      if (Number.isFinite(seconds)) this.#seconds = Math.max(this.#seconds, seconds);
    } else if (key === "speed") {
      const speed = Number.parseFloat(value);
      this.#speed = Number.isFinite(speed) ? speed : undefined;
    } else if (key === "progress") {
      this.#report({ seconds: this.#seconds, ...(this.#speed !== undefined && { speed: this.#speed }) });
    }
  }
}

/** The beginning and the end of what FFmpeg says; a broken input can make it say millions of lines. */
class BoundedLog {
  #write: (line: string) => void;
  #written = 0;
  #dropped = 0;
  #tail: string[] = [];

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  push(line: string): void {
    if (this.#written < 400) {
      this.#written++;
      this.#write(line);
    } else this.#dropped++;
    this.#tail.push(line);
    if (this.#tail.length > 100) this.#tail.shift();
  }

  end(): void {
    const kept = this.#tail.slice(-Math.min(this.#dropped, this.#tail.length));
    if (this.#dropped === 0) return;
    if (this.#dropped > kept.length) this.#write(`… ${this.#dropped - kept.length} lines left out …`);
    for (const line of kept) this.#write(line);
  }

  lastWords(): string {
    return this.#tail.slice(-5).join("\n");
  }
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const maxLength = 2000;
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop()!.slice(0, maxLength);
    for (const line of lines) if (line !== "") onLine(line.slice(0, maxLength));
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

/** Bytes below a folder. Files that vanish meanwhile count as nothing. */
async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let size = 0;
  for (const entry of entries) {
    if (entry.isFile()) size += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return size;
}
