/**
 * One attempt at one job, as its steps share it: the document as it stands, the lease that every change asks for, progress
 * and log. Not here: the steps (run-job.ts, make-outputs.ts).
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { KeyStore } from "../../storage/keys/key-store.ts";
import { isPublishing, type JobDocument } from "../../storage/records/job-document.ts";
import { type ClaimedJob, saveJobDocument, saveJobProgress } from "../../storage/records/job-queue.ts";
import type { Records } from "../../storage/records/records.ts";
import type { ProbeKeeper } from "../ffmpeg/held-probe.ts";
import type { Failure, TranscodeLimits } from "../ffmpeg/transcode.types.ts";
import { statusDetail } from "./failures.ts";
import { withOutput, withPlaylist, withRestFailed } from "./job-states.ts";
import { LogWriter } from "./log-writer.ts";
import type { InputLimits } from "./prepare.ts";
import { Progress } from "./progress.ts";
import { patientPausesMs, retrying } from "./retrying.ts";
import type { RoleRightsOptions } from "./role-rights.ts";
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
  /** How a pipeline's role is judged. */
  rights: RoleRightsOptions;
  keys: KeyStore;
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

export class Attempt {
  readonly job: ClaimedJob;
  readonly context: JobContext;
  /** Aborts with one of the two errors above. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly log: LogWriter;
  document: JobDocument;
  /** From then on the staged files may be what the row promises, so they are no longer ours to delete. */
  promised = false;

  constructor(job: ClaimedJob, context: JobContext, signal: AbortSignal) {
    this.job = job;
    this.context = context;
    this.signal = signal;
    this.document = job.document;
    const outputIds = job.document.outputs.map(({ Id }) => Id);
    this.progress = new Progress(outputIds, context.clock);
    this.log = new LogWriter(context.records, context.clock, job.lease.jobId, job.lease.attempt);
  }

  /** What is finished but for its publication deserves more patience. */
  get maxAttempts(): number {
    return this.context.limits.maxAttempts * (isPublishing(this.document) ? 2 : 1);
  }

  get canRepeat(): boolean {
    return this.job.lease.attempt < this.maxAttempts;
  }

  /** @throws LeaseLost, and then nothing has changed */
  async save(document: JobDocument): Promise<void> {
    this.document = document;
    await this.commit(() => saveJobDocument(this.context.records.db, this.job.lease, document));
  }

  /** The database may be away for minutes. Repeating is safe: a change that had come through comes through again. */
  async commit(change: () => Promise<boolean>): Promise<void> {
    if (!(await retrying(change, () => true, this.signal, patientPausesMs))) throw new LeaseLost();
  }

  async flush(): Promise<void> {
    try {
      await this.log.flush();
      const progress = this.progress.unwritten();
      if (progress !== undefined) await saveJobProgress(this.context.records.db, this.job.lease, progress);
    } catch (error) {
      this.context.log.debug({ jobId: this.job.lease.jobId, err: error }, "progress could not be written");
    }
  }

  failOutput(id: string, failure: Failure): void {
    const StatusDetail = this.#explain(`output ${id}`, failure);
    this.document = withOutput(this.document, id, { Status: "Error", StatusDetail, publishing: null });
  }

  failPlaylist(name: string, failure: Failure): void {
    const StatusDetail = this.#explain(`playlist ${name}`, failure);
    this.document = withPlaylist(this.document, name, { Status: "Error", StatusDetail, publishing: null });
  }

  failRest(failure: Failure): void {
    this.document = withRestFailed(this.document, () => this.#explain("input", failure));
  }

  #explain(what: string, failure: Failure): string {
    const detail = statusDetail(failure, this.context.random);
    this.log.line(`# ${what}: ${detail}`);
    return detail;
  }
}
