/**
 * A fragment while it arrives, and until it is stored: readers follow it byte by byte.
 *
 * While it arrives its bytes are those of the session's log. Once it can be read from the store they are let go, and
 * whoever was slow goes on from there: a reader never keeps more than a piece.
 */
import { ByteLog } from "../ingest/byte-log.ts";

export type LiveFacts = {
  streamId: string;
  number: string;
  /** Milliseconds since the epoch. */
  serverTimestamp: number;
  producerTimestamp: number;
  header: Uint8Array;
  /** Where in the body the cluster begins. */
  clusterFrom: number;
  /** The cluster is of unknown size: it may end after any of its elements. */
  isOpen: boolean;
};

/**
 * - arriving: more is to come.
 * - storing: all is here, and will be in the store.
 * - whole: all is here, and only here, for a stream without retention.
 * - released: nothing is here any more; it is in the store, if the stream keeps media.
 * - broken: it broke off; what came is all there is.
 */
export type LiveState = "arriving" | "storing" | "whole" | "released" | "broken";

export class LiveFragment {
  readonly facts: LiveFacts;
  /** Where the bytes are, and where there the body begins. */
  #log: ByteLog;
  #from: number;
  #sizeBytes = 0;
  #state: LiveState = "arriving";
  #changed = Promise.withResolvers<void>();

  constructor(facts: LiveFacts, { log, from }: { log: ByteLog; from: number }) {
    this.facts = facts;
    this.#log = log;
    this.#from = from;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Of the body, as far as it may be shown: up to the end of an element. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Up to that offset of the session's log, which is the end of an element. */
  show(to: number): void {
    if (to - this.#from <= this.#sizeBytes) return;
    this.#sizeBytes = to - this.#from;
    this.#tell();
  }

  become(state: Exclude<LiveState, "arriving">): void {
    // The session's log forgets what it needs no more.
    if (this.#state === "arriving" || state === "released") {
      this.#log =
        state === "released" ? new ByteLog() : copyOf(this.#log.slice(this.#from, this.#from + this.#sizeBytes));
      this.#from = 0;
    }
    this.#state = state;
    this.#tell();
  }

  /** What comes at `from`, which lies before `sizeBytes`, in one piece. `undefined`: it is not here any more. */
  piece(from: number): Uint8Array | undefined {
    if (this.#state === "released") return undefined;
    return this.#log.piece(this.#from + from, this.#from + this.#sizeBytes);
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

/** Few bytes as a copy: a view would keep all of the chunk that it lies in. */
function copyOf(pieces: readonly Uint8Array[]): ByteLog {
  const log = new ByteLog();
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  for (const piece of sizeBytes < smallBytes ? [Buffer.concat(pieces)] : pieces) log.append(piece);
  return log;
}

const smallBytes = 64 << 10;
