/**
 * A fragment while it arrives, and until it is stored: readers follow it byte by byte.
 *
 * It holds the session's own chunks. Once the fragment can be read from the store, they are let go, and whoever was slow
 * goes on from there: a reader never keeps memory.
 */
export type LiveFacts = {
  streamId: string;
  number: string;
  /** Milliseconds since the epoch. */
  serverTimestamp: number;
  producerTimestamp: number;
  header: Uint8Array;
  /** Where in the body the cluster begins. */
  clusterFrom: number;
};

/**
 * - arriving: more is to come.
 * - complete: all is here, but not in the store; or never will be, for a stream without retention.
 * - stored: to be read from the store.
 * - dropped: it broke off; what came is all there is.
 */
export type LiveState = "arriving" | "complete" | "stored" | "dropped";

export class LiveFragment {
  readonly facts: LiveFacts;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #state: LiveState = "arriving";
  #changed = Promise.withResolvers<void>();

  constructor(facts: LiveFacts) {
    this.facts = facts;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Of the body, as far as it has come. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whole elements, so that a reader may stop after any of them. */
  append(chunks: readonly Uint8Array[]): void {
    if (chunks.length === 0) return;
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#sizeBytes += chunk.length;
    }
    this.#tell();
  }

  become(state: Exclude<LiveState, "arriving">): void {
    this.#state = state;
    if (state === "stored") this.#chunks = [];
    this.#tell();
  }

  /** The pieces of the body from `from` on that are here; `undefined`: they are to be read from the store. */
  from(from: number): Uint8Array[] | undefined {
    if (this.#state === "stored") return undefined;
    let at = this.#sizeBytes;
    const pieces: Uint8Array[] = [];
    for (let index = this.#chunks.length - 1; 0 <= index && from < at; index--) {
      const chunk = this.#chunks[index]!;
      at -= chunk.length;
      pieces.unshift(at < from ? chunk.subarray(from - at) : chunk);
    }
    return pieces;
  }

  /** Resolves with the next change. To be asked for before looking. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
