/**
 * From files in a folder to objects under their final keys, so that a crash at any instant is no different from none:
 *
 * 1. stage: each file goes to its bucket under a temporary key of this attempt, some while others are still made;
 * 2. the job's row says, in one conditional update, which temporary key becomes which final one (run-job.ts);
 * 3. publish: each is moved. Whoever holds the job next repeats the moves, and a finished one answers "missing".
 */
import { createReadStream, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { inParallel } from "../../base/in-parallel.ts";
import { BucketError, type BucketStore, type ObjectRef } from "../../storage/buckets/bucket-store.ts";
import type { PipelineDocument } from "../../storage/records/pipelines.ts";
import type { Failure, ProducedFile } from "../ffmpeg/transcode.types.ts";
import { encrypt } from "./ciphers.ts";
import { failureOf, objectExists, temporaryLost } from "./failures.ts";
import type { Sealing } from "./protect-outputs.ts";
import { mayPass, retrying } from "./retrying.ts";

export type Publishing = { bucket: string; from: string; to: string };

/** How many objects are written or moved at once: each waits for a disk or a network, not for us. */
const width = 8;

export function temporaryPrefix(jobId: string, attempt?: number): string {
  return attempt === undefined ? `.millrace/${jobId}/` : `.millrace/${jobId}/${attempt}/`;
}

export type StageOptions = {
  buckets: BucketStore;
  pipeline: PipelineDocument;
  prefix: string;
  sealingOf(file: ProducedFile): Sealing;
  /** Why an object must not be written there. */
  refusalOf(object: ObjectRef, sealing: Sealing): Promise<Failure | undefined>;
  signal: AbortSignal;
  canRepeat: boolean;
};

/** What of a file was written where. `version`: whoever writes the file again changes it. */
type Stored = { place: Publishing; version: string };

/** Stages one attempt's files, numbered through all its outputs. */
export class Stage {
  readonly #options: StageOptions;
  readonly #begun = new Map<string, Promise<Stored | undefined>>();
  readonly #lanes: Promise<unknown>[] = Array(width).fill(undefined);
  #count = 0;
  #storedBytes = 0;
  #closed = false;
  #onStored: ((bytes: number) => void) | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  /** `hear` is told how many bytes are stored, now and whenever there are more. */
  onStored(hear: (bytes: number) => void): void {
    this.#onStored = hear;
    hear(this.#storedBytes);
  }

  /** Starts with files that are complete. Never throws: what comes to nothing, `put` does again. */
  begin(files: readonly ProducedFile[]): void {
    for (const file of files) {
      if (this.#closed || this.#begun.has(file.path)) continue;
      const lane = this.#begun.size % width;
      const writing = Promise.resolve(this.#lanes[lane]).then(() => this.#write(file));
      const begun = writing.catch(() => undefined);
      this.#begun.set(file.path, begun);
      this.#lanes[lane] = begun;
    }
  }

  /** Where they lie and belong; a failure when the first one's key has been taken or the bucket will not have them. */
  async put(files: readonly ProducedFile[]): Promise<Publishing[] | { failure: Failure }> {
    const places = new Map<string, Publishing>();
    const first = files[0] && { bucket: this.#configOf(files[0]).Bucket, key: files[0].key };
    try {
      if (first !== undefined && (await this.#exists(first))) return { failure: objectExists(first) };
      await inParallel(width, files, async (file) => {
        places.set(file.path, await this.#store(file));
      });
    } catch (error) {
      if (error instanceof Refused) return { failure: error.failure };
      return { failure: failureOf(error, first ?? { bucket: "", key: "" }, "write", this.#options.canRepeat) };
    }
    return files.map(({ path }) => places.get(path)!);
  }

  /** Resolves when nothing that was begun goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes);
  }

  async #store(file: ProducedFile): Promise<Publishing> {
    const begun = await this.#begun.get(file.path);
    if (begun !== undefined && begun.version === versionOf(await stat(file.path))) return begun.place;
    return (await this.#write(file)).place;
  }

  async #exists(object: ObjectRef): Promise<boolean> {
    const { buckets, signal } = this.#options;
    return (await retrying(() => buckets.head(object), mayPass, signal)) !== undefined;
  }

  async #write(file: ProducedFile): Promise<Stored> {
    const { buckets, prefix, signal } = this.#options;
    const { Bucket: bucket, StorageClass } = this.#configOf(file);
    const from = `${prefix}${++this.#count}`;
    const storageClass = StorageClass === "ReducedRedundancy" ? "REDUCED_REDUNDANCY" : "STANDARD";
    const sealing = this.#options.sealingOf(file);
    const failure = await this.#options.refusalOf({ bucket, key: file.key }, sealing);
    if (failure !== undefined) throw new Refused(failure);
    const { cipher, encryption } = sealing;
    const options = { contentType: file.contentType, storageClass, signal, ...(encryption && { encryption }) };
    const stats = await stat(file.path);
    signal.throwIfAborted();
    const body = () => (cipher === undefined ? bytesOf(file.path) : encrypt(cipher, bytesOf(file.path)));
    await retrying(() => buckets.write({ bucket, key: from }, body(), options), mayPass, signal);
    this.#storedBytes += stats.size;
    this.#onStored?.(this.#storedBytes);
    return { place: { bucket, from, to: file.key }, version: versionOf(stats) };
  }

  #configOf(file: ProducedFile): PipelineDocument["ContentConfig"] {
    const { ContentConfig, ThumbnailConfig } = this.#options.pipeline;
    return file.kind === "thumbnail" ? ThumbnailConfig : ContentConfig;
  }
}

class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.sentence);
    this.failure = failure;
  }
}

function versionOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** Opens the file only when it is read, so that a write that fails before leaves nothing open. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 256 * 1024 });
}

/** Gives every staged file its key; playlists come last, so that none names a segment that is not there yet. */
export async function publish(
  buckets: BucketStore,
  files: readonly Publishing[],
  { signal, canRepeat }: { signal: AbortSignal; canRepeat: boolean },
): Promise<Failure | undefined> {
  const isPlaylist = ({ to }: Publishing) => /\.(m3u8|mpd|ismc?)$/.test(to);
  try {
    await inParallel(
      width,
      files.filter((file) => !isPlaylist(file)),
      (file) => give(buckets, file, signal),
    );
    await inParallel(width, files.filter(isPlaylist), (file) => give(buckets, file, signal));
    return undefined;
  } catch (error) {
    if (error instanceof Lost) return temporaryLost(error.object);
    const { bucket, to } = files[0]!;
    return failureOf(error, { bucket, key: to }, "write", canRepeat);
  }
}

class Lost extends Error {
  readonly object: { bucket: string; key: string };
  constructor(object: { bucket: string; key: string }) {
    super("a staged file is in neither place");
    this.object = object;
  }
}

async function give(buckets: BucketStore, { bucket, from, to }: Publishing, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const moved = await retrying(() => buckets.move({ bucket, key: from }, to), mayPass, signal);
  if (moved === "moved") return;
  // An earlier attempt moved it, or else nobody will.
  const there = await retrying(() => buckets.head({ bucket, key: to }), mayPass, signal);
  if (there === undefined) throw new Lost({ bucket, key: to });
}

/**
 * Deletes what attempts up to `lastAttempt` left under temporary keys: who has lost the lease without knowing it yet
 * must not delete what the next one stages. A bucket that is gone holds none.
 */
export async function removeTemporary(
  buckets: BucketStore,
  bucketNames: Iterable<string>,
  jobId: string,
  lastAttempt: number,
): Promise<void> {
  const prefix = temporaryPrefix(jobId);
  const attemptOf = (key: string) => Number.parseInt(key.slice(prefix.length), 10);
  for (const bucket of new Set(bucketNames)) {
    try {
      await retrying(async () => {
        const keys: string[] = [];
        for await (const key of buckets.list(bucket, prefix)) if (attemptOf(key) <= lastAttempt) keys.push(key);
        await inParallel(width, keys, (key) => buckets.delete({ bucket, key }));
      }, mayPass);
    } catch (error) {
      if (!(error instanceof BucketError) || error.kind !== "no-bucket") throw error;
    }
  }
}
