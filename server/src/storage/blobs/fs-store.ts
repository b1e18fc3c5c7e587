/**
 * Blobs as files below one folder: written under a temporary name, synced, renamed, and their folder synced.
 *
 * `a/b` lies in `a/b~`: the tilde, which no key has, lets a key be the beginning of another one. Files are 0600.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { randomText } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";
import { checkBlobKey } from "./blob-key.ts";
import type { BlobInfo, BlobKey, BlobStore } from "./blob-store.ts";
import { type OpenFile, OpenFiles } from "./open-files.ts";
import { untilAborted } from "./until-aborted.ts";

const suffix = "~";
/** Where files grow up. Begins with a character that no key has, so that no blob is ever below it. */
const nursery = "~growing";
/** Gathered before they are written, and read at once: a system call for each network chunk would cost more than the disk. */
const chunkBytes = 1 << 20;

export async function openFsBlobs({ folder, random }: { folder: string; random: Random }): Promise<BlobStore> {
  const made = await mkdir(join(folder, nursery), { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolders(folder, dirname(made));
  await clearNursery(join(folder, nursery));
  const folders = new KnownFolders(folder);
  const files = new OpenFiles();
  const pathOf = (key: BlobKey) => join(folder, checkBlobKey(key) + suffix);

  return {
    async put(key, body, { signal } = {}) {
      const path = pathOf(key);
      const growing = join(folder, nursery, `${process.pid}-${randomText(random, 16)}`);
      const file = await open(growing, "wx", 0o600);
      let sizeBytes = 0;
      try {
        try {
          sizeBytes = await writeAll(file, body, signal);
          await file.datasync();
        } finally {
          await file.close();
        }
        signal?.throwIfAborted();
        await folders.make(dirname(path));
        await rename(growing, path);
        files.forget(path);
      } catch (error) {
        await unlink(growing).catch(() => {});
        throw error;
      }
      await syncFolder(dirname(path));
      return { sizeBytes };
    },

    async get(key, range) {
      const opened = await files.acquire(pathOf(key)).catch(ifMissing);
      if (opened === undefined) return undefined;
      const from = Math.min(range?.from ?? 0, opened.size);
      const to = Math.min(range?.to ?? opened.size, opened.size);
      if (chunkBytes < to - from) return new FileBytes(opened, from, to);
      try {
        return once(await readAt(opened.file, from, to));
      } finally {
        opened.release();
      }
    },

    async size(key) {
      return (await stat(pathOf(key)).catch(ifMissing))?.size;
    },

    list: (prefix) => listBelow(folder, "", prefix),

    async delete(key) {
      const path = pathOf(key);
      files.forget(path);
      // A folder that has become empty stays: another writer may be about to use it.
      const gone = await unlink(path).then(
        () => true,
        (error) => ifMissing(error),
      );
      if (gone) await syncFolder(dirname(path));
    },

    async close() {
      files.close();
    },
  };
}

async function writeAll(
  file: FileHandle,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  let sizeBytes = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const flush = async () => {
    if (gatheredBytes === 0) return;
    const { bytesWritten } = await file.writev(gathered);
    // A disk that fills up takes a part and says no more of it; writing the rest names the reason.
    if (bytesWritten < gatheredBytes) await file.writeFile(Buffer.concat(gathered).subarray(bytesWritten));
    gathered = [];
    gatheredBytes = 0;
  };
  for await (const chunk of body instanceof Uint8Array ? [body] : untilAborted(body, signal)) {
    sizeBytes += chunk.length;
    gathered.push(chunk);
    gatheredBytes += chunk.length;
    if (chunkBytes <= gatheredBytes) await flush();
  }
  await flush();
  return sizeBytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (0 < bytes.length) yield bytes;
}

/** A range of an open file, read as it is asked for. Lets go of the file at the end, or when the reader leaves early. */
class FileBytes implements AsyncIterableIterator<Uint8Array> {
  readonly #file: OpenFile;
  #at: number;
  readonly #to: number;
  #ended = false;

  constructor(file: OpenFile, from: number, to: number) {
    this.#file = file;
    this.#at = from;
    this.#to = to;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#ended || this.#to <= this.#at) return this.return();
    try {
      const value = await readAt(this.#file.file, this.#at, Math.min(this.#at + chunkBytes, this.#to));
      this.#at += value.length;
      return { done: false, value };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#ended = true;
    this.#file.release();
    return { done: true, value: undefined };
  }
}

/** @throws when the file ends before `to` */
async function readAt(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) throw new Error(`a blob ended at byte ${from + filled}, ${bytes.length - filled} too early`);
    filled += bytesRead;
  }
  return bytes;
}

/** Walks only what the prefix leaves open. `a.b` comes before `a/b`, and that before `a0`: folders count as `name/`. */
async function* listBelow(folder: string, path: string, prefix: string): AsyncGenerator<BlobInfo> {
  const entries = (await readdir(join(folder, path), { withFileTypes: true }).catch(ifMissing)) ?? [];
  const keys = entries
    .filter((entry) => !entry.name.startsWith(suffix))
    .map((entry) => path + (entry.isDirectory() ? `${entry.name}/` : entry.name.slice(0, -suffix.length)))
    .filter((key) => key.startsWith(prefix) || (key.endsWith("/") && prefix.startsWith(key)))
    .sort((one, other) => (one < other ? -1 : 1));
  for (const key of keys) {
    if (key.endsWith("/")) yield* listBelow(folder, key, prefix);
    else {
      const found = await stat(join(folder, key + suffix)).catch(ifMissing);
      if (found !== undefined) yield { key, sizeBytes: found.size };
    }
  }
}

/** Remembers which folders are there and durable, so that only a new one costs anything. */
class KnownFolders {
  readonly #known: Set<string>;

  constructor(root: string) {
    this.#known = new Set([root, join(root, nursery)]);
  }

  async make(path: string): Promise<void> {
    if (this.#known.has(path)) return;
    await this.make(dirname(path));
    await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await syncFolder(dirname(path));
    this.#known.add(path);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** From a folder up to one that was there before. */
async function syncFolders(from: string, to: string): Promise<void> {
  for (let path = resolve(from); ; path = dirname(path)) {
    await syncFolder(path);
    if (path === resolve(to) || path === dirname(path)) return;
  }
}

/** Removes what processes left that are no more. Names begin with their pid. */
async function clearNursery(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (!isAlive(Number(name.split("-")[0]))) await unlink(join(path, name)).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
