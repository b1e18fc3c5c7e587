/**
 * A whole transcoding job on files: look, plan, run, measure. Not here: buckets, rows, leases (engine/jobs).
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { inParallel } from "../../base/in-parallel.ts";
import { readCapabilities } from "./capabilities.ts";
import { clipSeconds, parseClip } from "./clip.ts";
import { EarlyLooks } from "./early-looks.ts";
import { parseFrameRate } from "./frame-rate.ts";
import { inputName, mediaArguments } from "./input-arguments.ts";
import { decideInterlacing } from "./interlacing.ts";
import { writeMasterPlaylists } from "./master-playlists.ts";
import { listMedia, type Measured, measureOutput } from "./measure-output.ts";
import { type JobContext, type JobPlan, type PlannedOutput, planJob } from "./plan-job.ts";
import { isSegmented, scratchNames } from "./plan-output-files.ts";
import { prepareWatermarks } from "./prepare-watermarks.ts";
import { type Probe, probe } from "./probe.ts";
import { parseRational, rational, toNumber } from "./rational.ts";
import { type RunResult, runFfmpeg } from "./run-ffmpeg.ts";
import type {
  Failure,
  OutputResult,
  TranscodeOptions,
  TranscodeOutput,
  TranscodeRequest,
  TranscodeResult,
} from "./transcode.types.ts";

export { firstKeyOf } from "./plan-output-files.ts";

/** Never throws for what the input does; throws the signal's reason, and when FFmpeg itself cannot be run. */
export async function transcode(request: TranscodeRequest, options: TranscodeOptions): Promise<TranscodeResult> {
  const programs = { ffmpegPath: options.ffmpegPath ?? "ffmpeg", ffprobePath: options.ffprobePath ?? "ffprobe" };
  const job: Job = { request, options, ...programs, signal: options.signal, limits: options.limits };
  report(job, "probing", 0);
  const looked = await lookAtInput(job);
  if ("failure" in looked) return failAll(request, looked.failure);
  const { context, detected } = looked;
  options.onDetected?.(detected);
  report(job, "probing", 100);

  const results = new Map<string, OutputResult>();
  const measured = new Map<string, Measured>();
  await transcodeTogether(request.outputs, context, job, (id, outcome) => {
    if ("failure" in outcome) results.set(id, { id, failure: outcome.failure });
    else {
      results.set(id, outcome.result);
      measured.set(request.outputs.find((output) => output.id === id)!.key, outcome);
    }
  });
  const playlists = await writeMasterPlaylists(request, measured);
  return { detected, outputs: request.outputs.map(({ id }) => results.get(id)!), playlists };
}

type Job = {
  request: TranscodeRequest;
  options: TranscodeOptions;
  ffmpegPath: string;
  ffprobePath: string;
  signal: AbortSignal;
  limits: TranscodeOptions["limits"];
};

type Looked = { context: JobContext; detected: NonNullable<TranscodeResult["detected"]> };

async function lookAtInput(job: Job): Promise<Looked | { failure: Failure }> {
  const { request, options, ffmpegPath, signal } = job;
  const { input } = request;
  const [capabilities, found] = await Promise.all([readCapabilities(ffmpegPath), probeInput(job)]);
  if ("failure" in found) return found;
  const probed = correct(found, input);
  if (isDurationDoubtful(probed, request.outputs)) {
    probed.durationSeconds = (await scanDuration(job)) ?? probed.durationSeconds;
  }
  const { video, durationSeconds } = probed;
  const fields =
    video &&
    (await decideInterlacing(input.url, video, input.Interlaced, { ffmpegPath, signal, onLog: options.onLog }));
  const watermarks = video ? await prepareWatermarks(request, video, job) : new Map();
  return {
    context: {
      request,
      probe: probed,
      ...(video && fields && { source: { ...video, ...fields } }),
      capabilities,
      watermarks,
    },
    detected: {
      ...(video && { Width: video.width, Height: video.height, FrameRate: toNumber(video.frameRate).toFixed(2) }),
      FileSize: input.sizeBytes,
      ...(durationSeconds !== undefined && { DurationMillis: Math.round(durationSeconds * 1000) }),
    },
  };
}

async function probeInput({ request, options, ffprobePath, signal }: Job): Promise<Probe | { failure: Failure }> {
  const held = await options.heldProbe?.look({ signal, timeoutMs: 15_000 });
  return held ?? probe(request.input.url, { ffprobePath, signal });
}

/** What the job says about its input is believed rather than detected. */
function correct(found: Probe, { FrameRate, AspectRatio }: TranscodeRequest["input"]): Probe {
  const { video } = found;
  if (!video) return { ...found };
  const aspect = parseRational(AspectRatio ?? undefined);
  const frameRate = parseFrameRate(FrameRate);
  const sampleAspect = aspect && rational(aspect.num * video.height, aspect.den * video.width);
  return {
    ...found,
    video: { ...video, ...(frameRate && { frameRate, isVariableRate: false }), ...(sampleAspect && { sampleAspect }) },
  };
}

/** Headers may be silent, and some formats only guess: when a clip is at stake, or nothing is known, we count. */
function isDurationDoubtful({ durationSeconds }: Probe, outputs: readonly TranscodeOutput[]): boolean {
  if (durationSeconds === undefined) return true;
  return outputs.some(({ timeSpan }) => {
    const { startSeconds, lengthSeconds = 0 } = parseClip(timeSpan);
    return durationSeconds <= startSeconds + lengthSeconds;
  });
}

/** Reads the whole input without decoding it. */
async function scanDuration({ request, options, ffmpegPath, signal, limits }: Job): Promise<number | undefined> {
  const { url } = request.input;
  let seconds = 0;
  const args = [
    ...["-hide_banner", "-nostdin", "-nostats", "-progress", "pipe:1", ...mediaArguments(url), "-i", inputName(url)],
    ...["-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy", "-f", "null", "-"],
  ];
  const { scratchFolder: folder } = request;
  const onProgress = (progress: { seconds: number }) => {
    seconds = progress.seconds;
  };
  const { onLog } = options;
  await runFfmpeg(args, { ffmpegPath, folder, signal, onProgress, onLog, ...limits });
  return seconds > 0 ? seconds : undefined;
}

/** Each a start of ffprobe, of a file that has just been written. */
const measuredAtOnce = 4;

type Outcome = Measured | { failure: Failure };

/** One FFmpeg for all; if that fails, one for each, so that whoever is to blame fails alone. */
async function transcodeTogether(
  outputs: readonly TranscodeOutput[],
  context: JobContext,
  job: Job,
  settle: (id: string, outcome: Outcome) => void,
): Promise<void> {
  const plan = planJob(outputs, context);
  for (const { id, failure } of plan.failed) settle(id, { failure });
  if (plan.planned.length === 0) return;
  const looks = new EarlyLooks(
    plan.planned.map(({ output }) => output),
    { ...job, random: job.options.random, scratchFolder: job.request.scratchFolder },
  );
  try {
    const run = await runPlan(plan, context, job, looks);
    if (run.ended !== "failed" || plan.planned.length === 1) {
      return await inParallel(measuredAtOnce, plan.planned, async (planned) => {
        settle(planned.output.id, await outcomeOf(run, planned, job, looks));
      });
    }
  } finally {
    await looks.close();
  }
  job.options.onLog("the outputs failed together: each is run alone");
  for (const { output } of plan.planned) await transcodeTogether([output], context, job, settle);
}

async function runPlan(plan: JobPlan, context: JobContext, job: Job, looks: EarlyLooks): Promise<RunResult> {
  const { request, options, ffmpegPath, signal, limits } = job;
  const { scratchFolder } = request;
  for (const { output } of plan.planned) {
    const folder = join(scratchFolder, scratchNames(output.id).folder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  const lengths = plan.planned.map(({ output, clip }) => ({
    id: output.id,
    seconds: clipSeconds(clip, context.probe.durationSeconds),
  }));
  const onProgress = ({ seconds, speed }: { seconds: number; speed?: number }) => {
    const percents = lengths.map((length) => ({ id: length.id, percent: percentOf(seconds, length.seconds) }));
    const percent = Math.min(...percents.map((output) => output.percent));
    options.onProgress({ stage: "transcoding", percent, ...(speed !== undefined && { speed }), outputs: percents });
    const remaining = lengths.map((length) => ((length.seconds ?? Number.NaN) - seconds) / (speed ?? 0));
    void looks.prepare(Math.max(...remaining));
    void announceComplete(
      plan.planned.filter(({ output }) => isSegmented(output)),
      job,
    );
  };
  return runFfmpeg(plan.args, {
    ffmpegPath,
    folder: scratchFolder,
    signal,
    onProgress,
    onLog: options.onLog,
    ...limits,
  });
}

/** Never throws. */
async function announceComplete(planned: readonly PlannedOutput[], { request, options }: Job): Promise<void> {
  const { scratchFolder, outputKeyPrefix: prefix } = request;
  for (const output of planned) options.onComplete?.(await listMedia(output, { scratchFolder, prefix }));
}

async function outcomeOf(run: RunResult, planned: PlannedOutput, job: Job, looks: EarlyLooks): Promise<Outcome> {
  const { request, ffprobePath, signal, limits } = job;
  switch (run.ended) {
    case "too long":
      return unhandled(`Transcoding took longer than the limit of ${limits.maxSeconds} seconds.`);
    case "too large":
      return unhandled(`The output files grew above the limit of ${limits.maxOutputBytes} bytes.`);
    case "failed":
      return unhandled(
        "The media file is of a supported type, but processing it failed. The job's log has the details.",
      );
    case "done": {
      const { scratchFolder, outputKeyPrefix: prefix } = request;
      await announceComplete([planned], job);
      const measured = await measureOutput(planned, { scratchFolder, prefix, ffprobePath, signal, looks });
      return measured ?? unhandled("The media file is of a supported type, but nothing could be decoded from it.");
    }
  }
}

function percentOf(seconds: number, of: number | undefined): number {
  return of === undefined || of <= 0 ? 0 : Math.min(100, Math.round((1000 * seconds) / of) / 10);
}

function unhandled(sentence: string): { failure: Failure } {
  return { failure: { code: 4007, sentence } };
}

function failAll({ outputs, playlists }: TranscodeRequest, failure: Failure): TranscodeResult {
  const sentence =
    "Amazon Elastic Transcoder could not generate the playlist because it encountered an error with one or more of the playlists dependencies.";
  return {
    outputs: outputs.map(({ id }) => ({ id, failure })),
    playlists: playlists.map(({ Name }) => ({ name: Name, failure: { code: 1001, sentence } })),
  };
}

function report({ request, options }: Job, stage: "probing" | "transcoding", percent: number): void {
  options.onProgress({ stage, percent, outputs: request.outputs.map(({ id }) => ({ id, percent: 0 })) });
}
