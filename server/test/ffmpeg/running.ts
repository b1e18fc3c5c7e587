/**
 * Runs `transcode` on files for the tests of this folder, each in its own scratch folder.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemRandom } from "../../src/base/random.ts";
import { transcode } from "../../src/engine/ffmpeg/transcode.ts";
import type {
  OutputResult,
  TranscodeOptions,
  TranscodeOutput,
  TranscodeRequest,
  TranscodeResult,
} from "../../src/engine/ffmpeg/transcode.types.ts";
import systemPresets from "../../src/services/transcoder/system-presets.json" with { type: "json" };
import type { PresetDocument } from "../../src/storage/records/job-document.ts";

export type SystemPreset = PresetDocument & { Id: string };

export const presets = systemPresets as unknown as readonly SystemPreset[];

export function presetNamed(name: string): SystemPreset {
  const preset = presets.find((candidate) => candidate.Name === `System preset: ${name}`);
  if (!preset) throw new Error(`no system preset named ${name}`);
  return preset;
}

/** A folder of the test's own. It stays when the test fails, and its path is in the failure's output. */
export async function withFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-ffmpeg-"));
  try {
    const result = await run(folder);
    await rm(folder, { recursive: true });
    return result;
  } catch (error) {
    console.error(`kept: ${folder}`);
    throw error;
  }
}

export type OutputChoice = Partial<Omit<TranscodeOutput, "preset">> & { preset: PresetDocument };

export function outputsOf(choices: readonly OutputChoice[]): TranscodeOutput[] {
  return choices.map((choice, index) => ({
    id: `${index + 1}`,
    key: `out${index + 1}`,
    rotate: "auto",
    watermarks: [],
    ...choice,
  }));
}

export type RunChoices = Partial<Omit<TranscodeRequest, "outputs" | "input">> & {
  input: string;
  inputSettings?: Partial<TranscodeRequest["input"]>;
  outputs: readonly OutputChoice[];
  options?: Partial<TranscodeOptions>;
};

export async function run(
  folder: string,
  choices: RunChoices,
): Promise<TranscodeResult & { log: string[]; request: TranscodeRequest }> {
  const { input, inputSettings, outputs, options, ...rest } = choices;
  const scratchFolder = await mkdtemp(join(folder, "scratch-"));
  const log: string[] = [];
  const request: TranscodeRequest = {
    jobId: "1385593498732-abc123",
    pipelineId: "1385593498000-pipe01",
    input: {
      Key: "input",
      url: input,
      sizeBytes: (await stat(input).catch(() => undefined))?.size ?? 0,
      ...inputSettings,
    },
    outputs: outputsOf(outputs),
    playlists: [],
    outputKeyPrefix: "",
    userMetadata: {},
    scratchFolder,
    ...rest,
  };
  const result = await transcode(request, {
    signal: AbortSignal.timeout(300_000),
    onProgress() {},
    onLog: (line) => log.push(line),
    limits: { maxSeconds: 240, maxOutputBytes: 2 ** 31 },
    random: systemRandom,
    ...options,
  });
  return { ...result, log, request };
}

export type Finished = Extract<OutputResult, { files: unknown }>;

/** The result of an output that must have succeeded. */
export function finished(result: TranscodeResult & { log: string[] }, index = 0): Finished {
  const output = result.outputs[index]!;
  if ("failure" in output) {
    throw new Error(`output ${output.id}: ${output.failure.code} ${output.failure.sentence}\n${result.log.join("\n")}`);
  }
  return output;
}

const execute = promisify(execFile);

// biome-ignore lint/suspicious/noExplicitAny: ffprobe's JSON, read by tests only.
export async function ffprobe(path: string, ...more: string[]): Promise<any> {
  const args = ["-v", "error", "-show_format", "-show_streams", ...more, "-of", "json", path];
  return JSON.parse((await execute("ffprobe", args, { maxBuffer: 64 << 20 })).stdout);
}

export async function ffmpeg(...args: string[]): Promise<Buffer> {
  const { stdout } = await execute("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args], {
    maxBuffer: 256 << 20,
    encoding: "buffer",
  });
  return stdout;
}

/** What ffmpeg says on its way. */
export async function trail(...args: string[]): Promise<string> {
  return (await execute("ffmpeg", ["-hide_banner", "-nostdin", "-nostats", ...args], { maxBuffer: 64 << 20 })).stderr;
}
