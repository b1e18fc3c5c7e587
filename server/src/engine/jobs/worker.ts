/**
 * A worker: claims jobs and runs a few of them at a time, until it is closed.
 *
 * Woken when a job may be there, and looks by itself now and then. While jobs run it renews their leases, and sees
 * within half a second that one was cancelled or lost.
 */
import { availableParallelism } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { randomText } from "../../base/ids.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import {
  type ClaimedJob,
  claimJob,
  expireLeases,
  heldLeases,
  type Lease,
  renewLeases,
} from "../../storage/records/job-queue.ts";
import type { Records } from "../../storage/records/records.ts";
import { Draining, type JobLimits, LeaseLost, runJob } from "./run-job.ts";
import { openScratch, type Scratch, sweepScratch } from "./scratch.ts";

export type WorkerOptions = {
  records: Records;
  buckets: BucketStore;
  clock: Clock;
  random: Random;
  log: Log;
  /** For people who read the log; two workers may bear the same. */
  workerId: string;
  /** Jobs at once. FFmpeg keeps several cores busy by itself. */
  concurrency?: number;
  /** Of all workers together. */
  pipelineConcurrency?: number;
  leaseMs?: number;
  scratchFolder: string;
  limits?: Partial<JobLimits>;
  /** How long `close()` lets running jobs go on before it hands them back. */
  drainMs?: number;
  /** How often it looks without being told. */
  pollMs?: number;
  ffmpegPath?: string;
  ffprobePath?: string;
};

export interface Worker extends Closeable {
  /** How many jobs run. */
  readonly running: number;
}

const defaultLimits: JobLimits = {
  maxSeconds: 12 * 3600,
  maxOutputBytes: 500e9,
  maxInputBytes: 500e9,
  maxAuxiliaryBytes: 64e6,
  maxAttempts: 5,
};

const watchMs = 400;
const sweepMs = 5000;

export function startWorker(options: WorkerOptions): Worker {
  return new JobWorker(options);
}

type Running = { lease: Lease; controller: AbortController; done: Promise<void> };

class JobWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #concurrency: number;
  readonly #limits: JobLimits;
  readonly #running = new Set<Running>();
  readonly #bell = new Bell();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    // A lease must never be taken for that of an earlier worker of the same name.
    this.#owner = `${options.workerId.replaceAll(/[^\w.-]/g, "_")}-${randomText(options.random, 8)}`;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#concurrency = options.concurrency ?? Math.max(1, Math.floor(availableParallelism() / 4));
    this.#limits = { ...defaultLimits, ...defined(options.limits ?? {}) };
    this.#ended = this.#run().catch((error) => options.log.error({ err: error }, "the worker has stopped"));
  }

  get running(): number {
    return this.#running.size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const { records, scratchFolder, log, pollMs = 1000 } = this.#options;
    const scratch = await openScratch(scratchFolder, this.#owner);
    const unlisten = records.listen("jobs", () => this.#bell.ring());
    try {
      await this.#sweep().catch((error) =>
        log.warn({ err: error }, "what dead workers left could not be cleared away"),
      );
      this.#every(sweepMs, () => this.#sweep());
      this.#every(watchMs, () => this.#watch());
      this.#every(this.#leaseMs / 3, () => this.#renew(scratch));
      while (this.#closing === undefined) {
        await this.#claimAll(scratch);
        await this.#bell.wait(pollMs);
      }
      // Drained by now, or about to be.
      while (0 < this.#running.size) await Promise.all([...this.#running].map(({ done }) => done));
    } finally {
      unlisten();
      for (const timer of this.#timers) clearInterval(timer);
      await scratch.close();
    }
  }

  /** Of workers that died on this machine: their leases need not pass first. */
  async #sweep(): Promise<void> {
    const { records, scratchFolder, clock, log } = this.#options;
    for (const dead of await sweepScratch(scratchFolder, clock())) {
      log.info({ worker: dead }, "cleared away what a dead worker left; its jobs are free");
      await expireLeases(records.db, dead);
      this.#bell.ring();
    }
  }

  async #claimAll(scratch: Scratch): Promise<void> {
    const { records, clock, log, pipelineConcurrency: perPipeline = 100 } = this.#options;
    try {
      while (this.#closing === undefined && this.#running.size < this.#concurrency) {
        const options = { owner: this.#owner, now: clock(), leaseMs: this.#leaseMs, perPipeline };
        const job = await claimJob(records, options);
        if (job === undefined) return;
        this.#start(job, scratch);
      }
    } catch (error) {
      log.error({ err: error }, "no job could be claimed");
    }
  }

  #start(job: ClaimedJob, scratch: Scratch): void {
    const controller = new AbortController();
    const context = { ...this.#options, scratch, limits: this.#limits };
    const { jobId, attempt } = job.lease;
    this.#options.log.info({ jobId, attempt }, "job claimed");
    const done = runJob(job, context, controller.signal).finally(() => {
      this.#running.delete(running);
      this.#bell.ring();
    });
    const running: Running = { lease: job.lease, controller, done };
    this.#running.add(running);
  }

  /** Stops what is no longer ours to do. */
  async #watch(): Promise<void> {
    const watched = [...this.#running];
    const held = await heldLeases(
      this.#options.records.db,
      watched.map(({ lease }) => lease),
    );
    for (const { lease, controller } of watched) if (!held.includes(lease)) controller.abort(new LeaseLost());
  }

  async #renew(scratch: Scratch): Promise<void> {
    const { records, clock } = this.#options;
    const leases = [...this.#running].map(({ lease }) => lease);
    await scratch.beat(clock());
    await renewLeases(records.db, leases, clock() + this.#leaseMs);
  }

  async #drain(): Promise<void> {
    this.#bell.ring();
    const patience = setTimeout(() => {
      for (const { controller } of this.#running) controller.abort(new Draining());
    }, this.#options.drainMs ?? 2000);
    await this.#ended;
    clearTimeout(patience);
  }

  /** One at a time: a slow database must not be asked twice at once. */
  #every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      try {
        await work();
      } catch (error) {
        this.#options.log.warn({ err: error }, "the worker cannot reach its records or its scratch folder");
      } finally {
        busy = false;
      }
    }, ms);
    this.#timers.push(timer);
  }
}

/** Rung while nobody waits, it ends the next wait at once. */
class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
