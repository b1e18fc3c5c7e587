/**
 * A PutMedia connection: the producer's bytes in, acknowledgements out, both at once.
 *
 * No more is read than can be kept: while the committer has no room, or the producer does not take its acknowledgements,
 * its socket waits.
 */
import type { Clock } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import { untilAborted } from "../../storage/blobs/until-aborted.ts";
import type { Records } from "../../storage/records/records.ts";
import { findStreamById } from "../../storage/records/streams.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import type { Committer } from "./committer.ts";
import type { FragmentNumbers } from "./fragment-numbers.ts";
import { type IngestLimits, IngestSession } from "./ingest-session.ts";

export type IngestEngine = {
  records: Records;
  committer: Pick<Committer, "submit" | "room">;
  numbers: Pick<FragmentNumbers, "next">;
  live: LiveStreams;
  clock: Clock;
  log: Log;
};

export type IngestOptions = {
  streamId: string;
  retentionHours: number;
  /** As IngestSession has it. */
  relativeTo: number | undefined;
  /** Otherwise only errors are told. */
  acknowledges: boolean;
  limits?: IngestLimits;
  /** Aborts when the producer is gone. */
  signal: AbortSignal;
};

/** Without data for so many ticks of five seconds a producer is left; from the first on it is told. */
const tickMs = 5_000;
const silentTicks = 6;
/** How many acknowledgements wait for the producer to take them. */
const mostWaiting = 1_000;

/** All connections of this process. */
export class Ingest implements Closeable {
  readonly #engine: IngestEngine;
  readonly #connections = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;

  constructor(engine: IngestEngine) {
    this.#engine = engine;
    this.#timer = setInterval(() => void this.tick(), tickMs).unref();
  }

  /** Reads at once, whether or not anybody waits for acknowledgements. They end when all that was received is stored. */
  open(body: AsyncIterable<Uint8Array>, options: IngestOptions): AsyncIterable<Acknowledgement> {
    const connection = new Connection(this.#engine, options);
    this.#connections.add(connection);
    void connection.run(body).finally(() => this.#connections.delete(connection));
    return connection.outbox.take();
  }

  /** Every five seconds by itself. */
  async tick(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.tick()));
  }

  /** Takes no more, brings to its end what was received, and lets producers go: they come again. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#connections].map((connection) => connection.stop()));
  }
}

class Connection {
  readonly outbox = new Outbox();
  readonly #engine: IngestEngine;
  readonly #options: IngestOptions;
  readonly #session: IngestSession;
  readonly #stopping = new AbortController();
  #retentionHours: number;
  #silent = 0;
  #ended: Promise<void> = Promise.resolve();

  constructor(engine: IngestEngine, options: IngestOptions) {
    const { streamId, retentionHours, relativeTo, limits } = options;
    this.#engine = engine;
    this.#options = options;
    this.#retentionHours = retentionHours;
    this.#session = new IngestSession({
      streamId,
      relativeTo,
      isKept: () => 0 < this.#retentionHours,
      nextNumber: () => engine.numbers.next(streamId),
      store: (fragment) => engine.committer.submit(fragment),
      live: engine.live,
      clock: engine.clock,
      ...(limits === undefined ? {} : { limits }),
      acknowledge: (acknowledgement) => this.#acknowledge(acknowledgement),
    });
  }

  run(body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#ended = this.#read(body)
      .then(() => this.#session.settled())
      .finally(() => this.outbox.end());
    return this.#ended;
  }

  /** Silence, and what has become of the stream meanwhile. */
  async tick(): Promise<void> {
    const { streamId, acknowledges } = this.#options;
    const stream = await findStreamById(this.#engine.records.db, streamId).catch(() => null);
    if (this.#session.ended) return;
    if (stream === undefined) return this.#session.fail("STREAM_NOT_ACTIVE");
    if (stream !== null) this.#retentionHours = stream.retentionHours;
    this.#silent++;
    if (silentTicks < this.#silent) this.#stopping.abort(new Error("no data came any more"));
    else if (1 < this.#silent && acknowledges) this.outbox.put({ EventType: "IDLE" });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the server stops"));
    await this.#ended;
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const session = this.#session;
    const signal = AbortSignal.any([this.#stopping.signal, this.#options.signal]);
    try {
      for await (const chunk of untilAborted(body, signal)) {
        this.#silent = 0;
        session.push(chunk);
        if (session.ended) return;
        await this.#engine.committer.room();
        await this.outbox.room();
      }
      session.end();
    } catch (error) {
      if (session.ended) return;
      // The producer broke off, was silent for too long, or is to come again: what was not whole will come once more.
      if (signal.aborted || isBrokenOff(error)) return session.abandon();
      this.#engine.log.error({ err: error, streamId: this.#options.streamId }, "a session of PutMedia failed");
      session.fail("INTERNAL_ERROR");
    }
  }

  #acknowledge(acknowledgement: Acknowledgement): void {
    const isError = acknowledgement.EventType === "ERROR";
    if (this.#options.acknowledges || isError) this.outbox.put(acknowledgement);
    if (isError) this.#stopping.abort(new Error(`the session has ended: ${acknowledgement.ErrorCode}`));
  }
}

/** Node says so when a body ends before its last chunk. */
function isBrokenOff(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ABORT_ERR" || code === "EPIPE";
}

/** Acknowledgements on their way out. */
class Outbox {
  readonly #waiting: Acknowledgement[] = [];
  #ended = false;
  #changed = Promise.withResolvers<void>();

  put(acknowledgement: Acknowledgement): void {
    if (!this.#ended) this.#waiting.push(acknowledgement);
    this.#tell();
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  async room(): Promise<void> {
    while (mostWaiting < this.#waiting.length && !this.#ended) await this.#changed.promise;
  }

  async *take(): AsyncGenerator<Acknowledgement> {
    try {
      for (;;) {
        const changed = this.#changed.promise;
        const next = this.#waiting.shift();
        if (next !== undefined) {
          if (this.#waiting.length === mostWaiting) this.#tell();
          yield next;
        } else if (this.#ended) return;
        else await changed;
      }
    } finally {
      this.end();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
