/**
 * Things that are started and must be closed by whoever started them.
 */

export interface Closeable {
  /** May be called twice; resolves when everything that was started has ended. */
  close(): Promise<void>;
}

/** Closes in reverse order of opening; a failure does not keep the rest open. */
export class Lifetime implements Closeable {
  #owned: Closeable[] = [];

  own<T extends Closeable>(thing: T): T {
    this.#owned.push(thing);
    return thing;
  }

  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const thing of this.#owned.splice(0).reverse()) await thing.close().catch((error) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, "some parts did not close cleanly");
  }
}
