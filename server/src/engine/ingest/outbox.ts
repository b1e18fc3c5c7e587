/** Acknowledgements on their way out. */
import type { Acknowledgement } from "./acknowledgement.ts";

/** How many wait for the producer to take them. */
const mostWaiting = 1_000;

export class Outbox {
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

  /** Resolves when no more wait than may. @throws the signal's reason */
  async room(signal: AbortSignal): Promise<void> {
    // Asked after each chunk, and a listener costs more than the rest of the question.
    if (this.#waiting.length <= mostWaiting) return;
    const tell = () => this.#tell();
    signal.addEventListener("abort", tell);
    try {
      while (mostWaiting < this.#waiting.length && !this.#ended) {
        signal.throwIfAborted();
        await this.#changed.promise;
      }
    } finally {
      signal.removeEventListener("abort", tell);
    }
  }

  /** In order; ends after the last. Whoever stops before it, ends it. */
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
