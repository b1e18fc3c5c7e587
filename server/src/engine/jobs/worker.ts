/**
 * A worker: claims jobs and runs a few of them at a time, until it is closed.
 *
 * Woken when a job may be there, and looks by itself now and then. While jobs run it renews their leases, and sees
 * within half a second that one was cancelled or lost.
 */
import { availableParallelism } from "node:os";
import { sql } from "kysely";
import type { Clock } from "../../base/clock.ts";
import { randomText } from "../../base/ids.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { KeyStore } from "../../storage/keys/key-store.ts";
import {
  type ClaimedJob,
  claimJob,
  expireLeases,
  heldLeases,
  type Lease,
  renewLeases,
} from "../../storage/records/job-queue.ts";
import type { Records } from "../../storage/records/records.ts";
import { ProbeKeeper } from "../ffmpeg/held-probe.ts";
import { Draining, type JobLimits, LeaseLost } from "./attempt.ts";
import type { RoleRightsOptions } from "./role-rights.ts";
import { openScratch, type Scratch, sweepScratch } from "./scratch.ts";

export type WorkerOptions = {
  records: Records;
  buckets: BucketStore;
  /** How a pipeline's role is judged. */
  rights: RoleRightsOptions;
  keys: KeyStore;
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

/** @throws when it cannot write to its scratch folder */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  // A lease must never be taken for that of an earlier worker of the same name.
  const owner = `${options.workerId.replaceAll(/[^\w.-]/g, "_")}-${randomText(options.random, 8)}`;
  return new JobWorker(options, owner, await openScratch(options.scratchFolder, owner));
}

type Running = { lease: Lease; controller: AbortController; done: Promise<void> };

class JobWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #owner: string;
  readonly #scratch: Scratch;
  readonly #leaseMs: number;
  readonly #concurrency: number;
  readonly #limits: JobLimits;
  readonly #probes: ProbeKeeper;
  readonly #running = new Set<Running>();
  readonly #bell = new Bell();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended: Promise<void>;
  /** What does not work at the moment: said once when it begins, and once when it ends. */
  readonly #troubles = new Set<string>();
  /** When the database was last known to answer. */
  #answeredAt: number;
  #standsStillUntil = 0;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions, owner: string, scratch: Scratch) {
    this.#options = options;
    this.#owner = owner;
    this.#scratch = scratch;
    this.#answeredAt = options.clock();
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#concurrency = options.concurrency ?? Math.max(1, Math.floor(availableParallelism() / 4));
    this.#limits = { ...defaultLimits, ...defined(options.limits ?? {}) };
    this.#probes = new ProbeKeeper({ random: options.random, ffprobePath: options.ffprobePath });
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
    const { records, pollMs = 1000 } = this.#options;
    const unlisten = records.listen("jobs", () => this.#bell.ring());
    try {
      await this.#try("clearing away after dead workers", () => this.#sweep());
      this.#every(sweepMs, "clearing away after dead workers", () => this.#sweep());
      this.#every(watchMs, "watching for cancelled jobs", () => this.#watch());
      this.#every(this.#leaseMs / 3, "renewing leases", () => this.#renew());
      this.#every(this.#leaseMs / 3, "using the scratch folder", () => this.#scratch.beat(this.#options.clock()));
      while (this.#closing === undefined) {
        await this.#try("claiming jobs", () => this.#claimAll());
        await this.#bell.wait(pollMs);
      }
      // Drained by now, or about to be.
      while (0 < this.#running.size) await Promise.all([...this.#running].map(({ done }) => done));
    } finally {
      unlisten();
      for (const timer of this.#timers) clearInterval(timer);
      await this.#probes.close();
      await this.#scratch.close();
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

  async #claimAll(): Promise<void> {
    const { records, clock, pipelineConcurrency: perPipeline = 100 } = this.#options;
    while (this.#closing === undefined && this.#running.size < this.#concurrency) {
      if (!(await this.#mayClaim())) return;
      const options = { owner: this.#owner, now: clock(), leaseMs: this.#leaseMs, perPipeline };
      const job = await claimJob(records, options);
      this.#answeredAt = options.now;
      if (job === undefined) return;
      this.#start(job);
    }
  }

  /**
   * After the database was away, or this process stood still (a machine that slept, a clock that was set), leases look
   * dead that are not, our own among them: whoever lives gets the time to renew them.
   */
  async #mayClaim(): Promise<boolean> {
    if (this.#answeredAt + this.#leaseMs / 2 < this.#options.clock()) {
      await sql`select 1`.execute(this.#options.records.db);
      await this.#renew();
      this.#standsStillUntil = performance.now() + this.#leaseMs / 3;
    }
    return this.#standsStillUntil <= performance.now();
  }

  #start(job: ClaimedJob): void {
    const controller = new AbortController();
    // Claimed while the worker was told to stop: back it goes.
    if (this.#closing !== undefined) controller.abort(new Draining());
    const context = { ...this.#options, scratch: this.#scratch, limits: this.#limits, probes: this.#probes };
    const { jobId, attempt } = job.lease;
    this.#options.log.info({ jobId, attempt }, "job claimed");
    // Loaded with the first job: a server that only takes calls starts sooner.
    const ended = import("./run-job.ts").then(({ runJob }) => runJob(job, context, controller.signal));
    const done = ended.finally(() => {
      this.#running.delete(running);
      this.#probes.keep();
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

  async #renew(): Promise<void> {
    const { records, clock } = this.#options;
    const leases = [...this.#running].map(({ lease }) => lease);
    const now = clock();
    await renewLeases(records.db, leases, now + this.#leaseMs);
    if (0 < leases.length) this.#answeredAt = now;
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
  #every(ms: number, doing: string, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      await this.#try(doing, work);
      busy = false;
    }, ms);
    this.#timers.push(timer);
  }

  async #try(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#troubles.delete(doing)) this.#options.log.info({}, `${doing} works again`);
    } catch (error) {
      if (!this.#troubles.has(doing)) this.#options.log.error({ err: error }, `${doing} failed; will go on trying`);
      this.#troubles.add(doing);
    }
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
