/**
 * From files in a folder to objects under their final keys, so that a crash at any instant is no different from none:
 *
 * 1. stage: each file goes to its bucket under a temporary key of this attempt;
 * 2. the job's row says, in one conditional update, which temporary key becomes which final one (run-job.ts);
 * 3. publish: each is moved. Whoever holds the job next repeats the moves, and a finished one answers "missing".
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { inParallel } from "../../base/in-parallel.ts";
import { BucketError, type BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { PipelineDocument } from "../../storage/records/pipelines.ts";
import type { Failure, ProducedFile } from "../ffmpeg/transcode.types.ts";
import { failureOf, objectExists, temporaryLost } from "./failures.ts";
import { mayPass, retrying } from "./retrying.ts";

export type Publishing = { bucket: string; from: string; to: string };

/** How many objects are written or moved at once: each waits for a disk or a network, not for us. */
const width = 8;

export function temporaryPrefix(jobId: string, attempt?: number): string {
  return attempt === undefined ? `.millrace/${jobId}/` : `.millrace/${jobId}/${attempt}/`;
}

/** Stages one attempt's files, numbered through all its outputs. */
export class Stage {
  readonly #options: {
    buckets: BucketStore;
    pipeline: PipelineDocument;
    prefix: string;
    signal: AbortSignal;
    canRepeat: boolean;
  };
  readonly #onStored: (sizeBytes: number) => void;
  #count = 0;

  constructor(
    options: {
      buckets: BucketStore;
      pipeline: PipelineDocument;
      prefix: string;
      signal: AbortSignal;
      canRepeat: boolean;
    },
    onStored: (sizeBytes: number) => void,
  ) {
    this.#options = options;
    this.#onStored = onStored;
  }

  /** Where they lie and belong; a failure when the first one's key has been taken or the bucket will not have them. */
  async put(files: readonly ProducedFile[]): Promise<Publishing[] | { failure: Failure }> {
    const placed = files.map((file) => ({ file, place: this.#place(file) }));
    const first = placed[0];
    try {
      if (first !== undefined && (await this.#exists(first.place))) {
        return { failure: objectExists({ bucket: first.place.bucket, key: first.place.to }) };
      }
      await inParallel(width, placed, ({ file, place }) => this.#write(file, place));
    } catch (error) {
      const object = { bucket: first?.place.bucket ?? "", key: first?.place.to ?? "" };
      return { failure: failureOf(error, object, "write", this.#options.canRepeat) };
    }
    return placed.map(({ place }) => place);
  }

  #place(file: ProducedFile): Publishing {
    const { pipeline, prefix } = this.#options;
    const { Bucket } = file.bucket === "content" ? pipeline.ContentConfig : pipeline.ThumbnailConfig;
    this.#count++;
    return { bucket: Bucket, from: `${prefix}${this.#count}`, to: file.key };
  }

  async #exists({ bucket, to }: Publishing): Promise<boolean> {
    const { buckets, signal } = this.#options;
    return (await retrying(() => buckets.head({ bucket, key: to }), mayPass, signal)) !== undefined;
  }

  async #write(file: ProducedFile, { bucket, from }: Publishing): Promise<void> {
    const { buckets, pipeline, signal } = this.#options;
    const config = file.bucket === "content" ? pipeline.ContentConfig : pipeline.ThumbnailConfig;
    const storageClass = config.StorageClass === "ReducedRedundancy" ? "REDUCED_REDUNDANCY" : "STANDARD";
    const options = { contentType: file.contentType, storageClass, signal };
    const { size } = await stat(file.path);
    signal.throwIfAborted();
    await retrying(() => buckets.write({ bucket, key: from }, bytesOf(file.path), options), mayPass, signal);
    this.#onStored(size);
  }
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
