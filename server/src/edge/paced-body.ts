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
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Uint8Array>>();
    // What still waits for its next bytes cannot be closed: it is left alone after a failure.
    const fail = (error: unknown) => {
      clearTimeout(timer);
      this.#isOver = true;
      reject(error);
    };
    const timer = setTimeout(() => fail(tooSlow()), Math.max(0, Math.min(idleMs, this.#allowedMs)));
    this.#chunks.next().then((next) => {
      clearTimeout(timer);
      if (next.done) this.#isOver = true;
      else this.#allowedMs += (next.value.length / bytesPerSecond) * 1000 - (performance.now() - since);
      resolve(next);
    }, fail);
    return promise;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    const isOpen = !this.#isOver;
    this.#isOver = true;
    if (isOpen) await this.#chunks?.return?.();
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const over = { done: true, value: undefined } as const;

function tooSlow(): ServiceError {
  const message =
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
  return new ServiceError("RequestTimeout", 400, message);
}
