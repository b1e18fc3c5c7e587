/**
 * Makes fragments durable: one blob and one transaction for what all streams of the process hand in within a tick.
 *
 * A batch is written as one immutable blob (a pack), sealed on its way to the disk, then its rows are committed, then each fragment's promise
 * resolves: blob first, rows second, acknowledgement third. A crash anywhere loses nothing that was acknowledged; a pack
 * whose rows were never committed is a loose blob and is swept. Some packs may be written at once; their rows follow in
 * order, so the fragments of a stream become durable in the order in which they were handed in.
 */
import type { Clock, Sleep } from "../../base/clock.ts";
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore } from "../../storage/blobs/blob-store.ts";
import type { Fragment, StoredFragment } from "../../storage/fragments/fragment.ts";
import { type SealedFragment, type SealFragment, sealFragment } from "../../storage/fragments/seal-fragment.ts";
import { KeyDestroyed, type Keyring } from "../../storage/keys/keyring.ts";
import { findInsertedPack, insertPack, type Kept, packKey } from "../../storage/records/packs.ts";
import type { Records } from "../../storage/records/records.ts";
import type { MediaHeaderRow } from "../../storage/records/tables.ts";
import { HeaderBook } from "./header-book.ts";
import { PackNames } from "./pack-names.ts";

export type CommitterOptions = {
  records: Records;
  blobs: BlobStore;
  keys: Keyring;
  clock: Clock;
  sleep: Sleep;
  random: Random;
  log: Log;
  /** Packs begin no sooner after each other, unless they are full: 10 beside a folder, 200 beside an S3. */
  tickMs: number;
  /** A pack is not waited for any longer once it is so large. */
  packBytes?: number;
  /** Packs under way at once: while one syncs, the next is sealed. Measured: 4 write 1.5 times as fast as 2. */
  overlap?: number;
  /** For benches, which compare. */
  seal?: SealFragment;
  /** {@link Committer.room} lets nobody pass while more than this waits to become durable. */
  roomBytes?: number;
};

/** The stream has a fragment of this number. */
export class FragmentExists extends Error {
  override readonly name = "FragmentExists";
}

type Waiting = {
  fragment: Fragment;
  sizeBytes: number;
  resolve(stored: StoredFragment): void;
  reject(error: unknown): void;
};

type Ready = {
  waiting: Waiting;
  stored: Omit<StoredFragment, "place">;
  sealed: SealedFragment;
  /** To be kept beside the row. */
  headerRow: MediaHeaderRow | undefined;
};

type Listener = (streamId: string, fragments: readonly StoredFragment[]) => void;

/** What a fragment that waits costs beside its bytes: who sends a million tiny ones has no more room than others. */
const overheadBytes = 2048;
const attempts = 3;
const retryMs = 50;

export class Committer implements Closeable {
  readonly #options: Required<CommitterOptions>;
  readonly #names: PackNames;
  readonly #headers: HeaderBook;
  readonly #listeners = new Set<Listener>();
  readonly #queue: Waiting[] = [];
  /** What waits in the queue, and what is not yet settled at all. */
  #queuedBytes = 0;
  #heldBytes = 0;
  #roomless: (() => void)[] = [];
  /** After a pack. One that comes after a longer silence waits for nothing. */
  #pause = Promise.resolve();
  #hurry = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  readonly #underWay = new Set<Promise<void>>();
  /** Settles with the batch that was taken last. */
  #turn = Promise.resolve();
  #closed = false;

  constructor(options: CommitterOptions) {
    this.#options = { packBytes: 8 << 20, overlap: 4, roomBytes: 64 << 20, seal: sealFragment, ...options };
    this.#names = new PackNames(options);
    this.#headers = new HeaderBook(options);
  }

  /**
   * Resolves when the fragment is durable and can be read back.
   *
   * @throws KeyDestroyed, KeyFailure, FragmentExists, or what kept this fragment from the disk after some attempts: then it may
   *   still be found stored, which only a lost answer of the database can bring about
   */
  submit(fragment: Fragment): Promise<StoredFragment> {
    if (this.#closed) return Promise.reject(new Error("the committer is closed"));
    const sizeBytes = fragment.body.reduce((sum, chunk) => sum + chunk.length, 0);
    const { promise, resolve, reject } = Promise.withResolvers<StoredFragment>();
    this.#queue.push({ fragment, sizeBytes, resolve, reject });
    this.#queuedBytes += sizeBytes;
    this.#heldBytes += sizeBytes + overheadBytes;
    if (this.#options.packBytes <= this.#queuedBytes) this.#hurry.resolve();
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when there is room: to be awaited before taking more from a producer's socket. */
  async room(): Promise<void> {
    while (this.#options.roomBytes <= this.#heldBytes) {
      await new Promise<void>((resolve) => this.#roomless.push(resolve));
    }
  }

  /** Hears of a stream's fragments, in order, once they can be read. Returns what stops it. */
  onCommitted(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was handed in is still brought to its end. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#hurry.resolve();
    await this.#running;
    await this.#turn;
  }

  async #run(): Promise<void> {
    const { sleep, tickMs, overlap } = this.#options;
    while (this.#queue.length > 0) {
      await Promise.race([this.#pause, this.#hurry.promise]);
      if (overlap <= this.#underWay.size) await Promise.race(this.#underWay);
      const writing = this.#commit(this.#takeBatch(), this.#turn);
      this.#pause = sleep(tickMs);
      this.#turn = writing;
      this.#underWay.add(writing);
      void writing.then(() => this.#underWay.delete(writing));
    }
    this.#running = undefined;
  }

  /** One fragment at least, and no more than fill a pack. */
  #takeBatch(): Waiting[] {
    let count = 0;
    let batchBytes = 0;
    while (count < this.#queue.length && batchBytes < this.#options.packBytes) {
      batchBytes += this.#queue[count]!.sizeBytes;
      count++;
    }
    this.#queuedBytes -= batchBytes;
    if (!this.#closed && this.#queuedBytes < this.#options.packBytes) this.#hurry = Promise.withResolvers<void>();
    return this.#queue.splice(0, count);
  }

  /** Never rejects. Settles in its turn, whatever comes of it. */
  async #commit(batch: readonly Waiting[], turn: Promise<void>): Promise<void> {
    const ready = await this.#prepare(batch);
    try {
      if (ready.length > 0) this.#settle(ready, await this.#store(ready, turn));
    } catch (error) {
      this.#options.log.error({ err: error, fragments: ready.length }, "fragments could not be stored");
      for (const { waiting } of ready) waiting.reject(error);
    }
    await turn;
    for (const { sizeBytes } of batch) this.#heldBytes -= sizeBytes + overheadBytes;
    for (const resolve of this.#roomless.splice(0)) resolve();
  }

  /** Without those whose key is destroyed, or cannot be used. */
  async #prepare(batch: readonly Waiting[]): Promise<Ready[]> {
    const { keys, random, seal } = this.#options;
    // Many streams may need another key at the same time: they are made side by side.
    const streams = new Set(batch.map(({ fragment }) => fragment.streamId));
    await Promise.allSettled([...streams].map((streamId) => keys.open(streamId, 0)));
    const ready: Ready[] = [];
    for (const waiting of batch) {
      const { header, body: _body, tags: _tags, ...described } = waiting.fragment;
      try {
        const key = await keys.open(described.streamId, waiting.sizeBytes);
        const { headerId, headerRow } = this.#headers.enter(key, described.streamId, header);
        const sealed = seal(key, waiting.fragment, random);
        const { tagsBytes } = sealed;
        const stored = { ...described, headerId, bodyBytes: waiting.sizeBytes, tagsBytes, dataKey: key.number };
        ready.push({ waiting, stored, headerRow, sealed });
      } catch (error) {
        waiting.reject(error);
      }
    }
    return ready;
  }

  async #store(ready: readonly Ready[], turn: Promise<void>): Promise<Kept[]> {
    const { blobs } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const pack = await this.#retrying(() => this.#names.take());
      await this.#retrying(() => blobs.put(packKey(pack), piecesOf(ready)));
      await turn;
      const kept = await this.#insert(pack, placed(ready, pack), headersOf(ready));
      if (kept !== undefined) return kept;
      await blobs.delete(packKey(pack));
      if (attempt === attempts) throw new Error("the pack was swept before its rows were written");
    }
  }

  async #insert(
    pack: string,
    fragments: readonly StoredFragment[],
    headers: readonly MediaHeaderRow[],
  ): Promise<Kept[] | undefined> {
    const { records, clock } = this.#options;
    let isFirst = true;
    return this.#retrying(async () => {
      // Whether a transaction that failed was committed all the same, only its rows can tell.
      // In a transaction, which waits until what it has read is durable.
      const before = isFirst ? undefined : await records.transaction((db) => findInsertedPack(db, pack, fragments));
      isFirst = false;
      if (before !== undefined) return before;
      const next = this.#names.fresh();
      const kept = await records.transaction(async (db) => {
        await next.reserve(db);
        return insertPack(db, { pack, fragments, headers, sweepAt: clock() });
      });
      next.keep();
      if (kept !== undefined) this.#headers.kept(headers);
      return kept;
    });
  }

  #settle(ready: readonly Ready[], kept: readonly Kept[]): void {
    const stored = kept.filter(({ outcome }) => outcome === "stored").map(({ fragment }) => fragment);
    for (const [streamId, fragments] of Map.groupBy(stored, (fragment) => fragment.streamId)) {
      for (const listener of this.#listeners) {
        try {
          listener(streamId, fragments);
        } catch (error) {
          this.#options.log.error({ err: error }, "who listens for fragments failed");
        }
      }
    }
    for (const [at, { fragment, outcome }] of kept.entries()) {
      const { resolve, reject } = ready[at]!.waiting;
      if (outcome === "stored") resolve(fragment);
      else if (outcome === "destroyed") reject(new KeyDestroyed(fragment.streamId));
      else reject(new FragmentExists(`stream ${fragment.streamId} has a fragment ${fragment.number}`));
    }
  }

  async #retrying<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === attempts) throw error;
        this.#options.log.warn({ err: error }, "storing fragments failed; trying again");
        await this.#options.sleep(retryMs * 4 ** (attempt - 1));
      }
    }
  }
}

function* piecesOf(ready: readonly Ready[]): Generator<Uint8Array> {
  for (const { sealed } of ready) yield* sealed.pieces();
}

function placed(ready: readonly Ready[], pack: string): StoredFragment[] {
  let from = 0;
  return ready.map(({ stored, sealed: { sizeBytes } }) => {
    const place = { pack, from, sizeBytes };
    from += sizeBytes;
    return { ...stored, place };
  });
}

function headersOf(ready: readonly Ready[]): MediaHeaderRow[] {
  const rows = ready.flatMap(({ headerRow }) => headerRow ?? []);
  return [...new Map(rows.map((row) => [`${row.stream_id}/${row.id}`, row])).values()];
}
