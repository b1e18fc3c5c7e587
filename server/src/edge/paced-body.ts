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
export async function* pacedBody(body: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let allowedMs = pace.graceMs;
  let isOver = false;
  try {
    for (;;) {
      const since = performance.now();
      const { done, value } = await within(chunks.next(), Math.min(pace.idleMs, allowedMs));
      if (done) {
        isOver = true;
        return;
      }
      allowedMs += (value.length / pace.bytesPerSecond) * 1000 - (performance.now() - since);
      yield value;
    }
  } catch (error) {
    // What still waits for its next bytes cannot be closed.
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await chunks.return?.();
  }
}

function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooSlow()), Math.max(0, ms));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function tooSlow(): ServiceError {
  const message =
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
  return new ServiceError("RequestTimeout", 400, message);
}
