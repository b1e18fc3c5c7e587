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
import { keyErrorOf } from "../live/key-errors.ts";
import type { KeyWatch } from "../live/key-watch.ts";
import type { LiveStreams } from "../live/live-streams.ts";
import type { Acknowledgement, IngestErrorCode } from "./acknowledgement.ts";
import type { Committer } from "./committer.ts";
import type { FragmentNumbers } from "./fragment-numbers.ts";
import type { IngestLimits } from "./ingest-limits.ts";
import { IngestSession } from "./ingest-session.ts";
import { Outbox } from "./outbox.ts";

export type IngestEngine = {
  records: Records;
  committer: Pick<Committer, "submit" | "room">;
  numbers: Pick<FragmentNumbers, "next">;
  live: LiveStreams;
  keyWatch: Pick<KeyWatch, "watch">;
  clock: Clock;
  log: Log;
  /** Aborts when producers are to go and come again. What was received is still brought to its end. */
  closing: AbortSignal;
};

export type IngestOptions = {
  streamId: string;
  retentionHours: number;
  /** The stream's KMS key; or why the session is over before it begins. */
  key: { arn: string } | { refused: IngestErrorCode };
  /** As IngestSession has it. */
  relativeTo: number | undefined;
  /** Otherwise only errors are told. */
  acknowledges: boolean;
  limits?: IngestLimits;
  /** Aborts when the producer is gone. */
  signal: AbortSignal;
};

/** Without data for so many ticks a producer is left; from the second on it is told. */
const silentTicks = 6;

/** All connections of this process. */
export class Ingest implements Closeable {
  readonly #engine: IngestEngine;
  readonly #connections = new Set<Connection>();

  constructor(engine: IngestEngine) {
    this.#engine = engine;
  }

  /** Reads at once, whether or not anybody waits for acknowledgements. They end when all that was received is stored. */
  open(body: AsyncIterable<Uint8Array>, options: IngestOptions): AsyncIterable<Acknowledgement> {
    const connection = new Connection(this.#engine, options);
    this.#connections.add(connection);
    connection.begin(body);
    void connection.ended.then(() => this.#connections.delete(connection));
    return connection.outbox.take();
  }

  /** Looks after silent producers and changed streams: to be called every five seconds. */
  async tick(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.tick()));
  }

  /** To be called after `closing` has aborted: waits for the ends. */
  async close(): Promise<void> {
    await Promise.all([...this.#connections].map(({ ended }) => ended));
  }
}

class Connection {
  readonly outbox = new Outbox();
  readonly #engine: IngestEngine;
  readonly #options: IngestOptions;
  readonly #session: IngestSession;
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  #retentionHours: number;
  /** Ticks, while something is to come from the producer. */
  #silent = 0;
  #waitsForProducer = true;
  /** Never rejects. */
  ended: Promise<void> = Promise.resolve();

  constructor(engine: IngestEngine, options: IngestOptions) {
    const { streamId, retentionHours, relativeTo, limits } = options;
    this.#engine = engine;
    this.#options = options;
    this.#retentionHours = retentionHours;
    this.#signal = AbortSignal.any([this.#stopping.signal, engine.closing, options.signal]);
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

  begin(body: AsyncIterable<Uint8Array>): void {
    const unwatch = this.#watchKey();
    this.ended = this.#read(body)
      .then(() => this.#session.settled())
      .finally(() => {
        unwatch();
        this.outbox.end();
      });
  }

  /** Returns what stops it. */
  #watchKey(): () => void {
    const { key } = this.#options;
    if ("arn" in key) return this.#engine.keyWatch.watch(key.arn, (failure) => this.#session.fail(keyErrorOf(failure)));
    this.#session.fail(key.refused);
    return () => {};
  }

  /** Silence, and what has become of the stream meanwhile. */
  async tick(): Promise<void> {
    const { streamId, acknowledges } = this.#options;
    const stream = await findStreamById(this.#engine.records.db, streamId).catch(() => null);
    if (this.#session.ended) return;
    if (stream === undefined) return this.#session.fail("STREAM_NOT_ACTIVE");
    if (stream !== null) this.#retentionHours = stream.retentionHours;
    if (!this.#waitsForProducer) return;
    this.#silent++;
    if (silentTicks < this.#silent) this.#stopping.abort(new Error("no data came any more"));
    else if (1 < this.#silent && acknowledges) this.outbox.put({ EventType: "IDLE" });
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const session = this.#session;
    const signal = this.#signal;
    try {
      for await (const chunk of untilAborted(body, signal)) {
        session.push(chunk);
        if (session.ended) return;
        // Its own time is what we take for storing, not for which it would be left.
        this.#waitsForProducer = false;
        await this.#engine.committer.room();
        this.#waitsForProducer = true;
        this.#silent = 0;
        await this.outbox.room(signal);
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
