/**
 * The fragments of this process that readers cannot find in the store: those that arrive, those that are being stored, and,
 * of streams without retention, those of the last minutes.
 */
import type { Clock } from "../../base/clock.ts";
import type { ByteLog } from "../ingest/byte-log.ts";
import { type LiveFacts, LiveFragment } from "./live-fragment.ts";

export type LiveLimits = {
  /** Of a stream without retention. */
  windowMs: number;
  windowBytes: number;
  /** Of all streams without retention together. */
  totalBytes: number;
};

/** What a fragment costs beside its bytes, however few those are. */
const overheadBytes = 3072;

export const defaultLiveLimits: LiveLimits = {
  windowMs: 5 * 60_000,
  windowBytes: 200 << 20,
  totalBytes: 512 << 20,
};

type LiveStream = {
  /** In the order of their numbers. */
  fragments: LiveFragment[];
  newestServerTimestamp: number | undefined;
  changed: PromiseWithResolvers<void>;
  waiting: number;
};

export class LiveStreams {
  readonly #clock: Clock;
  readonly #limits: LiveLimits;
  readonly #streams = new Map<string, LiveStream>();

  constructor(clock: Clock, limits: LiveLimits = defaultLiveLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Its bytes are those of the log, from that offset on. */
  begin(facts: LiveFacts, bytes: { log: ByteLog; from: number }): LiveFragment {
    const stream = this.#open(facts.streamId);
    const fragment = new LiveFragment(facts, bytes);
    const at = stream.fragments.findLastIndex(({ facts: { number } }) => number < facts.number);
    stream.fragments.splice(at + 1, 0, fragment);
    stream.newestServerTimestamp = Math.max(stream.newestServerTimestamp ?? 0, facts.serverTimestamp);
    stream.changed.resolve();
    stream.changed = Promise.withResolvers();
    return fragment;
  }

  /** It is in the store, or broke off. */
  end(fragment: LiveFragment, state: "released" | "broken"): void {
    fragment.become(state);
    const stream = this.#streams.get(fragment.facts.streamId);
    const at = stream?.fragments.indexOf(fragment) ?? -1;
    if (stream === undefined || at < 0) return;
    stream.fragments.splice(at, 1);
    this.#close(fragment.facts.streamId, stream);
  }

  /** The first one after that number. */
  next(streamId: string, after: string | undefined): LiveFragment | undefined {
    const fragments = this.#streams.get(streamId)?.fragments ?? [];
    return after === undefined ? fragments[0] : fragments.find(({ facts: { number } }) => after < number);
  }

  newest(streamId: string): LiveFragment | undefined {
    return this.#streams.get(streamId)?.fragments.at(-1);
  }

  /** In the order of their numbers. */
  list(streamId: string): readonly LiveFragment[] {
    return this.#streams.get(streamId)?.fragments ?? [];
  }

  /** Milliseconds since the epoch; `undefined` when nothing has come lately. */
  newestServerTimestamp(streamId: string): number | undefined {
    return this.#streams.get(streamId)?.newestServerTimestamp;
  }

  /** Resolves when a fragment after that number has begun, or at the latest after `patience`. */
  async anotherBegins(streamId: string, after: string | undefined, patience: Promise<void>): Promise<void> {
    if (this.next(streamId, after) !== undefined) return;
    const stream = this.#open(streamId);
    stream.waiting++;
    await Promise.race([stream.changed.promise, patience]);
    stream.waiting--;
    this.#close(streamId, stream);
  }

  /** Lets go of what is too old or too much. To be called every few seconds. */
  prune(): void {
    const oldest = this.#clock() - this.#limits.windowMs;
    let total = 0;
    for (const [id, stream] of this.#streams) {
      let bytes = 0;
      stream.fragments = stream.fragments.toReversed().filter((fragment) => {
        if (fragment.state !== "whole") return true;
        bytes += fragment.sizeBytes + overheadBytes;
        const stays =
          oldest <= fragment.facts.serverTimestamp &&
          bytes <= this.#limits.windowBytes &&
          total + bytes <= this.#limits.totalBytes;
        if (!stays) fragment.become("released");
        return stays;
      });
      stream.fragments.reverse();
      total += bytes;
      this.#close(id, stream);
    }
  }

  /** The stream is deleted: what is here of it goes at once. */
  forget(streamId: string): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    for (const fragment of stream.fragments) if (fragment.state === "whole") fragment.become("released");
    stream.fragments = stream.fragments.filter(({ state }) => state !== "released");
    this.#close(streamId, stream);
  }

  #open(streamId: string): LiveStream {
    let stream = this.#streams.get(streamId);
    if (stream === undefined) {
      stream = { fragments: [], newestServerTimestamp: undefined, changed: Promise.withResolvers(), waiting: 0 };
      this.#streams.set(streamId, stream);
    }
    return stream;
  }

  #close(streamId: string, { fragments, waiting }: LiveStream): void {
    if (fragments.length === 0 && waiting === 0) this.#streams.delete(streamId);
  }
}
