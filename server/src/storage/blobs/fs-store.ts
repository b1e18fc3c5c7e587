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
import { buffers, writeFile } from "./write-file.ts";

const suffix = "~";
/** Where files grow up. Begins with a character that no key has, so that no blob is ever below it. */
const nursery = "~growing";
/** Blobs lie in a few dozen folders. */
const maxOpenFolders = 64;

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
      let sizeBytes: number;
      try {
        sizeBytes = await writeFile(growing, body, signal);
        signal?.throwIfAborted();
        await folders.make(dirname(path));
        await rename(growing, path);
        files.forget(path);
      } catch (error) {
        await unlink(growing).catch(() => {});
        throw error;
      }
      await folders.sync(dirname(path));
      return { sizeBytes };
    },

    async get(key, range, { lend = false } = {}) {
      const opened = await files.acquire(pathOf(key)).catch(ifMissing);
      if (opened === undefined) return undefined;
      const from = Math.min(range?.from ?? 0, opened.size);
      const to = Math.min(range?.to ?? opened.size, opened.size);
      return new FileBytes(opened, from, to, lend);
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
      if (gone) await folders.sync(dirname(path));
    },

    async close() {
      files.close();
      await folders.close();
    },
  };
}

/** A range of an open file, read as it is asked for. Lets go of the file at the end, or when the reader leaves early. */
class FileBytes implements AsyncIterableIterator<Uint8Array> {
  readonly #file: OpenFile;
  #at: number;
  readonly #to: number;
  readonly #lends: boolean;
  #lent: Buffer | undefined;
  #ended = false;

  constructor(file: OpenFile, from: number, to: number, lends: boolean) {
    this.#file = file;
    this.#at = from;
    this.#to = to;
    this.#lends = lends;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#ended || this.#to <= this.#at) return this.return();
    try {
      const sizeBytes = Math.min(buffers.sizeBytes, this.#to - this.#at);
      if (this.#lends) this.#lent ??= buffers.take();
      const buffer = this.#lent ?? Buffer.allocUnsafe(sizeBytes);
      const value = await readAt(this.#file.file, this.#at, buffer.subarray(0, sizeBytes));
      this.#at += sizeBytes;
      return { done: false, value };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#lent !== undefined) buffers.giveBack(this.#lent);
    this.#lent = undefined;
    this.#ended = true;
    this.#file.release();
    return { done: true, value: undefined };
  }
}

/** Fills `bytes`. @throws when the file ends before that */
async function readAt(file: FileHandle, from: number, bytes: Buffer): Promise<Buffer> {
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

/** Remembers which folders are there and durable, so that only a new one costs anything, and keeps some open. */
class KnownFolders {
  readonly #known: Set<string>;
  readonly #open = new Map<string, Promise<FileHandle>>();

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

  /** Resolves when the names in the folder are durable. */
  async sync(path: string): Promise<void> {
    let folder = this.#open.get(path);
    if (folder === undefined) {
      if (this.#open.size === maxOpenFolders) return syncFolder(path);
      folder = open(path, constants.O_RDONLY);
      this.#open.set(path, folder);
      folder.catch(() => this.#open.delete(path));
    }
    await (await folder).sync();
  }

  async close(): Promise<void> {
    const folders = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(folders.map(async (folder) => (await folder).close()));
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
