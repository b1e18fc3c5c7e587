/**
 * Whatever FFmpeg can open — MP4, MPEG-TS, RTSP, devices, screens — as frames, through a process of its own that only
 * repackages into Matroska. Pictures are copied as they are, and so is sound in a codec that players of the stream know;
 * other sound becomes AAC.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { ProducerError } from "../errors.ts";
import { matroskaSource } from "../sources/matroska.ts";
import type { SourceEvent } from "../sources/source.ts";

export type FfmpegInput = {
  /** A file, a URL, or `-` with `stdin`. */
  input: string;
  stdin?: Readable;
  /** Before `-i`: `["-f", "v4l2"]`, `["-f", "x11grab", "-framerate", "15"]`. */
  inputArguments?: readonly string[];
  /** How pictures are written. Default: `["-c:v", "copy"]`; a device or a screen needs an encoder. */
  videoArguments?: readonly string[];
  /** `aac`: encoded anew. Default: `copy` where the input has AAC, G.711 or Opus, as ffprobe says; `aac` for `-`. */
  audio?: "copy" | "aac" | "none";
  ffmpeg?: string;
  ffprobe?: string;
  /** Aborted: the process is ended, and with it the source, without an error. */
  signal?: AbortSignal;
};

/** `ffmpeg -i INPUT -map 0:v:0? -map 0:a:0? -c:v copy -c:a … -f matroska -`. RTSP goes over TCP. */
export function buildFfmpegArguments(options: FfmpegInput & { audio: "copy" | "aac" | "none" }): string[] {
  const { input, audio, inputArguments = [], videoArguments = ["-c:v", "copy"] } = options;
  const sound = { copy: ["-map", "0:a:0?", "-c:a", "copy"], aac: ["-map", "0:a:0?", "-c:a", "aac"], none: [] }[audio];
  return [
    ...["-hide_banner", "-nostdin", "-v", "error"],
    ...(/^rtsps?:/i.test(input) ? ["-rtsp_transport", "tcp"] : []),
    ...inputArguments,
    ...["-i", input === "-" ? "pipe:0" : input],
    ...["-map", "0:v:0?", ...videoArguments, ...sound, "-sn", "-dn"],
    // Each packet is written at once, not when a cluster of five seconds is whole.
    ...["-flush_packets", "1", "-cluster_time_limit", "100", "-f", "matroska", "pipe:1"],
  ];
}

const copied: ReadonlySet<string> = new Set(["aac", "pcm_alaw", "pcm_mulaw", "opus"]);
const endsWithinMs = 2000;
const keptWords = 4096;

/** @throws ProducerError `SourceError` with FFmpeg's words */
export async function* ffmpegSource(options: FfmpegInput): AsyncGenerator<SourceEvent> {
  const { input, stdin, ffmpeg = "ffmpeg", signal } = options;
  const audio = options.audio ?? (input === "-" || options.inputArguments ? "aac" : await audioOf(options));
  const child = spawn(ffmpeg, buildFfmpegArguments({ ...options, audio }), { stdio: ["pipe", "pipe", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk).slice(-keptWords);
  });
  const exit = once(child, "close").then(
    ([code]) => ({ code: code as number | null, cause: undefined }),
    (cause: Error) => ({ code: null, cause }),
  );
  child.stdin.on("error", () => {}); // It may end before it has read all.
  if (stdin === undefined) child.stdin.end();
  else stdin.pipe(child.stdin);
  const stop = () => void end(child);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    yield* matroskaSource(child.stdout);
  } catch (cause) {
    if (signal?.aborted) return;
    const ended = await Promise.race([exit, end(child).then(() => exit)]);
    throw failure(ended.cause ?? cause);
  } finally {
    signal?.removeEventListener("abort", stop);
    stdin?.unpipe(child.stdin);
    await end(child);
  }
  const { code, cause } = await exit;
  if (code !== 0 && !signal?.aborted) throw failure(cause);

  function failure(cause: unknown): ProducerError {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return new ProducerError("SourceError", `the program ${ffmpeg} is missing`, { cause });
    }
    const said = words.trim() || (cause instanceof Error ? cause.message : "it ended without a word");
    return new ProducerError("SourceError", `ffmpeg cannot read ${input}: ${said}`, { cause });
  }
}

/** Asked to end, and made to when it does not. Returns when it is over. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  // A process that has said all is about to end by itself.
  if (child.stdout?.readableEnded !== true) child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), endsWithinMs);
  await exited;
  clearTimeout(timer);
}

async function audioOf({ input, ffprobe = "ffprobe" }: FfmpegInput): Promise<"copy" | "aac" | "none"> {
  const transport = /^rtsps?:/i.test(input) ? ["-rtsp_transport", "tcp"] : [];
  const args = ["-v", "error", ...transport, "-select_streams", "a:0", "-show_entries", "stream=codec_name"];
  const { stdout } = await promisify(execFile)(ffprobe, [...args, "-of", "csv=p=0", input], { timeout: 20_000 }).catch(
    (error: Error & { stderr?: string }) => {
      throw new ProducerError("SourceError", `ffprobe cannot read ${input}: ${error.stderr?.trim() || error.message}`);
    },
  );
  const codec = stdout.trim().split(/\s|,/)[0] ?? "";
  return codec === "" ? "none" : copied.has(codec) ? "copy" : "aac";
}
