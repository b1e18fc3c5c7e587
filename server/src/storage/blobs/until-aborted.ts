/**
 * A body that ends with its signal, even where the next chunk never comes.
 */

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** @throws the signal's reason */
export function untilAborted<Body extends Chunks>(
  body: Body,
  signal: AbortSignal | undefined,
): Body | AsyncIterable<Uint8Array> {
  return signal === undefined ? body : endingWith(signal, body);
}

async function* endingWith(signal: AbortSignal, body: Chunks): AsyncGenerator<Uint8Array> {
  const chunks = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : inTurns(body);
  let giveUp = () => {};
  const onAbort = () => giveUp();
  signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Uint8Array>>();
      giveUp = () => reject(signal.reason);
      chunks.next().then(resolve, reject);
      const { done, value } = await promise;
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: a generator that is stuck in `next` answers only when that comes.
    chunks.return?.().catch(() => {});
  }
}

async function* inTurns(body: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body;
}
