/**
 * One attempt at one job, from its claim to its end.
 *
 * prepare → FFmpeg → stage → one update that promises what lies where → publish → clear away → the end, in one update.
 * A crash before the promise loses the attempt and nothing else; after it, the next attempt only publishes. Whoever has
 * lost the lease learns it from the next update, and its work stays under temporary keys that are swept.
 */
import { mkdir, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import { isPublishing, type JobDocument } from "../../storage/records/job-document.ts";
import {
  type ClaimedJob,
  endLease,
  finishJob,
  leaseState,
  postponeJob,
  releaseJob,
  saveJobDocument,
  saveJobProgress,
} from "../../storage/records/job-queue.ts";
import { findJob } from "../../storage/records/jobs.ts";
import { findPipeline, type PipelineDocument } from "../../storage/records/pipelines.ts";
import type { Records } from "../../storage/records/records.ts";
import type { HeldProbe, ProbeKeeper } from "../ffmpeg/held-probe.ts";
import { transcode } from "../ffmpeg/transcode.ts";
import type {
  Failure,
  OutputResult,
  TranscodeLimits,
  TranscodeOutput,
  TranscodeResult,
} from "../ffmpeg/transcode.types.ts";
import { dependencyFailed, failureOf, statusDetail, triedTooOften } from "./failures.ts";
import { InputBytes } from "./input-bytes.ts";
import {
  endStatus,
  hasFailedMember,
  measured,
  withDetected,
  withOutput,
  withPlaylist,
  withRestFailed,
} from "./job-states.ts";
import { LogWriter } from "./log-writer.ts";
import { type InputLimits, type Prepared, prepare } from "./prepare.ts";
import { Progress } from "./progress.ts";
import { publish, removeTemporary, Stage, temporaryPrefix } from "./publish.ts";
import { mayPass, patientPausesMs, retrying } from "./retrying.ts";
import type { Scratch } from "./scratch.ts";

export type JobLimits = TranscodeLimits & InputLimits & { maxAttempts: number };

export type JobContext = {
  records: Records;
  buckets: BucketStore;
  clock: Clock;
  random: Random;
  log: Log;
  scratch: Scratch;
  probes: ProbeKeeper;
  limits: JobLimits;
  ffmpegPath?: string;
  ffprobePath?: string;
};

/** The job is another worker's by now, or was cancelled. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** The worker stops before the job is done. */
export class Draining extends Error {
  override readonly name = "Draining";
}

const flushMs = 1000;

/** Never throws: what goes wrong is in the job's row, its log, and ours. `signal` aborts with one of the two above. */
export async function runJob(job: ClaimedJob, context: JobContext, signal: AbortSignal): Promise<void> {
  await new Attempt(job, context, signal).run();
}

class Attempt {
  readonly #job: ClaimedJob;
  readonly #context: JobContext;
  readonly #signal: AbortSignal;
  readonly #progress: Progress;
  readonly #log: LogWriter;
  #document: JobDocument;
  /** From then on the staged files may be what the row promises, so they are no longer ours to delete. */
  #promised = false;

  constructor(job: ClaimedJob, context: JobContext, signal: AbortSignal) {
    this.#job = job;
    this.#context = context;
    this.#signal = signal;
    this.#document = job.document;
    const outputIds = job.document.outputs.map(({ Id }) => Id);
    this.#progress = new Progress(outputIds, context.clock);
    this.#log = new LogWriter(context.records, context.clock, job.lease.jobId, job.lease.attempt);
  }

  async run(): Promise<void> {
    const { jobId, owner, attempt } = this.#job.lease;
    this.#log.line(`# attempt ${attempt} by ${owner} at ${new Date(this.#context.clock()).toISOString()}`);
    let flushing: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      flushing = flushing.then(() => this.#flush());
    }, flushMs);
    try {
      if (this.#job.status === "Progressing") await this.#work();
      else await this.#clearEnded();
    } catch (error) {
      await this.#giveUp(error).catch((cause) => {
        // The lease passes by itself, and the next attempt clears away.
        this.#context.log.error({ jobId, attempt, err: cause }, "a job could not be given back");
      });
    } finally {
      clearInterval(timer);
      await flushing;
      await this.#flush();
    }
  }

  async #work(): Promise<void> {
    const { attempt } = this.#job.lease;
    if (this.#maxAttempts < attempt) {
      const { random } = this.#context;
      this.#document = withRestFailed(this.#document, () => statusDetail(triedTooOften(attempt - 1), random));
    } else if (isPublishing(this.#document)) {
      this.#promised = true;
      this.#log.line("# an earlier attempt had finished all but the publication");
    } else {
      await this.#make();
    }
    await this.#publish();
    await this.#end();
  }

  /** What is finished but for its publication deserves more patience. */
  get #maxAttempts(): number {
    return this.#context.limits.maxAttempts * (isPublishing(this.#document) ? 2 : 1);
  }

  get #canRepeat(): boolean {
    return this.#job.lease.attempt < this.#maxAttempts;
  }

  /** Everything up to and with the promise. */
  async #make(): Promise<void> {
    const { records, buckets, scratch, probes } = this.#context;
    const { lease, account, region, pipelineId } = this.#job;
    const pipeline = (await findPipeline(records.db, { account, region }, pipelineId))?.document;
    if (pipeline === undefined) throw new Error(`job ${lease.jobId} has no pipeline`);
    await removeTemporary(buckets, this.#document.stagedIn ?? [], lease.jobId, lease.attempt);
    const probe = await probes.take(extensionOf(this.#document.inputs[0]!.Key));
    try {
      const folder = await scratch.open(`${lease.jobId}-${lease.attempt}`);
      await this.#makeIn(folder, pipeline, probe).finally(() =>
        rm(folder, { recursive: true, force: true, maxRetries: 3 }),
      );
    } finally {
      await probe.close();
    }
  }

  async #makeIn(folder: string, pipeline: PipelineDocument, probe: HeldProbe): Promise<void> {
    const { buckets, limits } = this.#context;
    const options = { buckets, limits, folder, signal: this.#signal, canRepeat: this.#canRepeat };
    const prepared = await prepare(this.#document, pipeline, options);
    if ("failure" in prepared) return this.#failRest(prepared.failure);
    const requests: TranscodeOutput[] = [];
    for (const output of prepared.outputs) {
      if ("failure" in output) this.#failOutput(output.id, output.failure);
      else requests.push(output.request);
    }
    if (requests.length === 0) return;
    const stagedIn = new Set([
      ...(this.#document.stagedIn ?? []),
      pipeline.ContentConfig.Bucket,
      pipeline.ThumbnailConfig.Bucket,
    ]);
    await this.#save({ ...this.#document, stagedIn: [...stagedIn] });
    const scratchFolder = join(folder, "media");
    await mkdir(scratchFolder);
    const result = await this.#transcode(prepared.input, requests, scratchFolder, probe);
    await this.#stage(result, pipeline);
  }

  async #transcode(
    input: Prepared["input"],
    outputs: readonly TranscodeOutput[],
    scratchFolder: string,
    heldProbe: HeldProbe,
  ): Promise<TranscodeResult> {
    const { buckets, random, limits, ffmpegPath, ffprobePath } = this.#context;
    const bytes = new InputBytes(buckets, input);
    heldProbe.serve(bytes);
    let saved: Promise<unknown> = Promise.resolve();
    let isDiskFull = false;
    try {
      const { playlists, OutputKeyPrefix, UserMetadata, inputs } = this.#document;
      const keys = new Set(outputs.map(({ key }) => key));
      const request = {
        jobId: this.#job.lease.jobId,
        pipelineId: this.#job.pipelineId,
        input: { ...inputs[0]!, url: heldProbe.url, sizeBytes: input.sizeBytes },
        outputs,
        playlists: playlists.filter(({ OutputKeys }) => OutputKeys.every((key) => keys.has(key))),
        outputKeyPrefix: OutputKeyPrefix ?? "",
        userMetadata: UserMetadata ?? {},
        scratchFolder,
      };
      const result = await transcode(request, {
        signal: this.#signal,
        onProgress: (progress) => this.#progress.transcode(progress),
        onDetected: (detected) => {
          // A lost lease is found by the next update too.
          saved = this.#save(withDetected(this.#document, detected)).catch(() => {});
        },
        onLog: (line) => {
          isDiskFull ||= line.includes("No space left on device");
          this.#log.line(line);
        },
        limits,
        random,
        heldProbe,
        ffmpegPath,
        ffprobePath,
      });
      if (isDiskFull && result.outputs.some((output) => "failure" in output)) {
        throw new Error("the disk of the scratch folder is full");
      }
      const { failure } = bytes;
      if (failure === undefined) {
        await this.#checkUnchanged(input);
        return result;
      }
      // What looks whole may have been cut short.
      const cause = failureOf(failure, input, "read", this.#canRepeat);
      return { ...result, outputs: outputs.map(({ id }) => ({ id, failure: cause })) };
    } finally {
      await saved;
    }
  }

  /** Read by ranges, an object that was replaced meanwhile gives a bit of each: what looks whole is neither. */
  async #checkUnchanged(input: Prepared["input"]): Promise<void> {
    const head = await retrying(() => this.#context.buckets.head(input), mayPass, this.#signal);
    if (head !== undefined && head.etag !== input.etag) throw new Error("the input was replaced while it was read");
  }

  /** Failures and finished files go into the document together, and it is saved once: that is the promise. */
  async #stage(result: TranscodeResult, pipeline: PipelineDocument): Promise<void> {
    const { buckets } = this.#context;
    const { jobId, attempt } = this.#job.lease;
    this.#signal.throwIfAborted();
    const isMade = (output: OutputResult) => !("failure" in output);
    const totalBytes = result.outputs.filter(isMade).reduce((sum, output) => sum + (output as Made).fileSizeBytes, 0);
    let storedBytes = 0;
    this.#progress.store(0);
    const stage = new Stage(
      { buckets, pipeline, prefix: temporaryPrefix(jobId, attempt), signal: this.#signal, canRepeat: this.#canRepeat },
      (sizeBytes) => {
        storedBytes += sizeBytes;
        this.#progress.store(Math.min(storedBytes / Math.max(totalBytes, 1), 1));
      },
    );
    if (result.detected) this.#document = withDetected(this.#document, result.detected);
    for (const output of result.outputs) {
      if ("failure" in output) {
        this.#failOutput(output.id, output.failure);
        continue;
      }
      const staged = await stage.put(output.files);
      if ("failure" in staged) this.#failOutput(output.id, staged.failure);
      else this.#document = withOutput(this.#document, output.id, { ...measured(output), publishing: staged });
    }
    for (const playlist of result.playlists) {
      const row = this.#document.playlists.find(({ Name }) => Name === playlist.name);
      if (row === undefined || hasFailedMember(this.#document, row)) continue;
      const staged = "failure" in playlist ? playlist : await stage.put(playlist.files);
      if ("failure" in staged) this.#failPlaylist(playlist.name, staged.failure);
      else this.#document = withPlaylist(this.#document, playlist.name, { publishing: staged });
    }
    this.#promised = true;
    await this.#save(this.#document);
  }

  /** Outputs in their order, then playlists: the row says of each that it is Complete once all its files are there. */
  async #publish(): Promise<void> {
    const { buckets } = this.#context;
    const { outputs, playlists } = this.#document;
    const publishOptions = { signal: this.#signal, canRepeat: this.#canRepeat };
    for (const [at, { Id, Status, publishing }] of outputs.entries()) {
      if (Status !== "Progressing" || !publishing) continue;
      const failure = await publish(buckets, publishing, publishOptions);
      if (failure !== undefined) this.#failOutput(Id, failure);
      else this.#document = withOutput(this.#document, Id, { Status: "Complete", publishing: null });
      // The last one ends together with its job.
      if (at < outputs.length - 1 || 0 < playlists.length) await this.#save(this.#document);
    }
    for (const playlist of playlists) {
      if (playlist.Status !== "Progressing") continue;
      if (hasFailedMember(this.#document, playlist) || !playlist.publishing) {
        this.#failPlaylist(playlist.Name, dependencyFailed);
        continue;
      }
      const failure = await publish(buckets, playlist.publishing, publishOptions);
      if (failure !== undefined) this.#failPlaylist(playlist.Name, failure);
      else this.#document = withPlaylist(this.#document, playlist.Name, { Status: "Complete", publishing: null });
    }
  }

  async #end(): Promise<void> {
    const { records, buckets, clock, log } = this.#context;
    const { lease } = this.#job;
    const { stagedIn, ...document } = this.#document;
    await removeTemporary(buckets, stagedIn ?? [], lease.jobId, lease.attempt);
    const status = endStatus(document);
    const complete = document.outputs.filter(({ Status }) => Status === "Complete").map(({ Id }) => Id);
    const progress = this.#progress.done(complete);
    const end = { status, at: clock(), document, progress };
    this.#log.line(`# ${status}`);
    await this.#flush();
    await this.#commit(() => finishJob(records.db, lease, end));
    log.info({ jobId: lease.jobId, attempt: lease.attempt, status }, "job ended");
    await records.notify("jobs", lease.jobId);
  }

  /** Whatever the reason, nothing of this attempt stays behind but what the row promises. */
  async #giveUp(error: unknown): Promise<void> {
    const { records, buckets, clock, log } = this.#context;
    const { lease } = this.#job;
    const { jobId, attempt } = lease;
    const drained = this.#signal.aborted && this.#signal.reason instanceof Draining;
    const lost = error instanceof LeaseLost || (this.#signal.aborted && this.#signal.reason instanceof LeaseLost);
    if (!drained && !lost) {
      log.error({ jobId, attempt, err: error }, "an attempt at a job failed and will be repeated");
      this.#log.line(`# the attempt failed: ${error instanceof Error ? error.stack : error}`);
    }
    if ((await leaseState(records.db, lease)) === "ended") return this.#clearEnded();
    if (!this.#promised || (lost && !(await this.#isAnyPromised()))) {
      await removeTemporary(buckets, this.#document.stagedIn ?? [], jobId, attempt);
    }
    if (lost) {
      this.#log.line("# the lease was lost: another worker has the job");
    } else if (drained) {
      this.#log.line("# handed back: the worker stops");
      await releaseJob(records.db, lease);
      await records.notify("jobs", jobId);
    } else {
      await postponeJob(records.db, lease, clock() + Math.min(1000 * 4 ** (attempt - 1), 300_000));
    }
  }

  /** Of a job that is another worker's by now: whether it may still move what was staged here. */
  async #isAnyPromised(): Promise<boolean> {
    const { lease, account, region } = this.#job;
    const job = await findJob(this.#context.records.db, { account, region }, lease.jobId);
    return job !== undefined && isPublishing(job.document);
  }

  /** A cancelled job's files are nobody's. */
  async #clearEnded(): Promise<void> {
    const { records, buckets, limits, log } = this.#context;
    const { lease } = this.#job;
    try {
      await removeTemporary(buckets, this.#document.stagedIn ?? [], lease.jobId, Number.POSITIVE_INFINITY);
    } catch (error) {
      if (lease.attempt < 3 * limits.maxAttempts) throw error;
      log.warn({ jobId: lease.jobId, err: error }, "temporary keys of a cancelled job could not be deleted");
    }
    this.#log.line("# cancelled");
    await endLease(records.db, lease);
  }

  /** @throws LeaseLost, and then nothing has changed */
  async #save(document: JobDocument): Promise<void> {
    this.#document = document;
    await this.#commit(() => saveJobDocument(this.#context.records.db, this.#job.lease, document));
  }

  /** The database may be away for minutes. Repeating is safe: a change that had come through comes through again. */
  async #commit(change: () => Promise<boolean>): Promise<void> {
    if (!(await retrying(change, () => true, this.#signal, patientPausesMs))) throw new LeaseLost();
  }

  async #flush(): Promise<void> {
    try {
      await this.#log.flush();
      const progress = this.#progress.unwritten();
      if (progress !== undefined) await saveJobProgress(this.#context.records.db, this.#job.lease, progress);
    } catch (error) {
      this.#context.log.debug({ jobId: this.#job.lease.jobId, err: error }, "progress could not be written");
    }
  }

  #failOutput(id: string, failure: Failure): void {
    const StatusDetail = this.#explain(`output ${id}`, failure);
    this.#document = withOutput(this.#document, id, { Status: "Error", StatusDetail, publishing: null });
  }

  #failPlaylist(name: string, failure: Failure): void {
    const StatusDetail = this.#explain(`playlist ${name}`, failure);
    this.#document = withPlaylist(this.#document, name, { Status: "Error", StatusDetail, publishing: null });
  }

  #failRest(failure: Failure): void {
    this.#document = withRestFailed(this.#document, () => this.#explain("input", failure));
  }

  #explain(what: string, failure: Failure): string {
    const detail = statusDetail(failure, this.#context.random);
    this.#log.line(`# ${what}: ${detail}`);
    return detail;
  }
}

/** Some of FFmpeg's formats go by it. */
function extensionOf(key: string): string {
  return /^\.[A-Za-z0-9]{1,8}$/.exec(extname(key))?.[0] ?? "";
}

type Made = Extract<OutputResult, { files: unknown }>;
