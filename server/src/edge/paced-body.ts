/**
 * Bodies that must keep coming: a client that sends nothing, or nearly nothing, does not hold a request for ever.
 *
 * Only time that we wait for the client counts, not what we take to use its bytes.
 */
import { ServiceError } from "../services/service-error.ts";

export type Pace = {
  /** Of nothing at all. */
  idleMs: number;
  /** What it may wait altogether, and a second more for each so many bytes that have come. */
  graceMs: number;
  bytesPerSecond: number;
};

/** Of objects: slow networks upload them, but not silently. */
export const objectPace: Pace = { idleMs: 60_000, graceMs: 300_000, bytesPerSecond: 128 };
/** Of the documents of calls. */
export const documentPace: Pace = { idleMs: 20_000, graceMs: 30_000, bytesPerSecond: 1024 };

/** @throws ServiceError (while it is read) RequestTimeout, in S3's words */
export function pacedBody(body: AsyncIterable<Uint8Array>, pace: Pace): AsyncIterableIterator<Uint8Array> {
  return new PacedBody(body, pace);
}

class PacedBody implements AsyncIterableIterator<Uint8Array> {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #pace: Pace;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  readonly #patience = new Patience();
  #allowedMs: number;
  #isOver = false;

  constructor(body: AsyncIterable<Uint8Array>, pace: Pace) {
    this.#body = body;
    this.#pace = pace;
    this.#allowedMs = pace.graceMs;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#isOver) return Promise.resolve(over);
    this.#chunks ??= this.#body[Symbol.asyncIterator]();
    const { idleMs, bytesPerSecond } = this.#pace;
    const since = performance.now();
    return this.#patience.wait(this.#chunks.next(), Math.min(idleMs, this.#allowedMs)).then(
      (next) => {
        if (next.done) this.#end();
        else this.#allowedMs += (next.value.length / bytesPerSecond) * 1000 - (performance.now() - since);
        return next;
      },
      (error) => {
        // What still waits for its next bytes cannot be closed: it is left alone.
        this.#end();
        throw error;
      },
    );
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    const isOpen = !this.#isOver;
    this.#end();
    if (isOpen) await this.#chunks?.return?.();
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    this.#isOver = true;
    this.#patience.end();
  }
}

const over = { done: true, value: undefined } as const;

/** Many waits, one after the other, with one timer: making and clearing one for each chunk would cost more than its bytes. */
class Patience {
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;
  #until = 0;
  #giveUp: ((error: unknown) => void) | undefined;

  wait<Result>(work: Promise<Result>, ms: number): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#until = performance.now() + ms;
    this.#giveUp = reject;
    // A timer that fires too early looks again.
    if (this.#until < this.#firesAt) this.#set();
    work.then(resolve, reject);
    return promise;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #set(): void {
    clearTimeout(this.#timer);
    this.#firesAt = this.#until;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, this.#until - performance.now())).unref();
  }

  #look(): void {
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (performance.now() < this.#until) this.#set();
    else this.#giveUp?.(tooSlow());
  }
}

function tooSlow(): ServiceError {
  const message =
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
  return new ServiceError("RequestTimeout", 400, message);
}
