/**
 * What is to be known of fragments once they are stored: for whoever acts on the tags that producers put into them.
 */
import type { Log } from "../../base/log.ts";
import type { StoredFragment, Tag } from "../../storage/fragments/fragment.ts";

export type FragmentEvent = { fragment: StoredFragment; tags: readonly Tag[] };

type Listener = (event: FragmentEvent) => Promise<void>;

/** Told in this process only, and not again after a crash. */
export class FragmentEvents {
  readonly #log: Log;
  readonly #listeners: Listener[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Nobody waits for what comes of it. Fragments without tags interest nobody. */
  tell(event: FragmentEvent): void {
    if (event.tags.length === 0) return;
    for (const listener of this.#listeners) {
      const run = listener(event).catch((error) => {
        const { streamId, number } = event.fragment;
        this.#log.error({ err: error, streamId, number }, "what a fragment's tags ask for failed");
      });
      this.#running.add(run);
      void run.then(() => this.#running.delete(run));
    }
  }

  /** Resolves when all that was told has been acted on. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
