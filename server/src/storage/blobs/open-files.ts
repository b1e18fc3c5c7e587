/**
 * Files that are read, kept open for a moment after: a player, or FFmpeg, asks for range after range of the same one, and
 * opening, measuring and closing it each time costs more than reading it.
 *
 * For files whose bytes never change under their name; who deletes or replaces one says so by `forget`.
 */
import { type FileHandle, open } from "node:fs/promises";

export type OpenFile = {
  file: FileHandle;
  size: number;
  /** To be called when reading ends; may be called twice. */
  release(): void;
};

type Entry = {
  opened: Promise<{ file: FileHandle; size: number }>;
  users: number;
  forgotten: boolean;
  timer?: NodeJS.Timeout;
};

/** How long, and how many at once, when nobody reads. */
const idleMs = 2000;
const maxIdle = 32;

export class OpenFiles {
  readonly #entries = new Map<string, Entry>();
  /** Paths, the longest idle first. */
  readonly #idle = new Set<string>();

  /** @throws what opening the file throws, such as ENOENT */
  async acquire(path: string): Promise<OpenFile> {
    const entry = this.#entries.get(path) ?? this.#open(path);
    entry.users++;
    clearTimeout(entry.timer);
    this.#idle.delete(path);
    const { file, size } = await entry.opened;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      entry.users--;
      if (entry.users === 0) this.#rest(path, entry);
    };
    return { file, size, release };
  }

  /** Closed as soon as nobody reads it any more; who asks from now on gets what lies there then. */
  forget(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#idle.delete(path);
    clearTimeout(entry.timer);
    entry.forgotten = true;
    if (entry.users === 0) void close(entry);
  }

  close(): void {
    for (const path of [...this.#entries.keys()]) this.forget(path);
  }

  #open(path: string): Entry {
    const entry: Entry = { opened: openMeasured(path), users: 0, forgotten: false };
    this.#entries.set(path, entry);
    entry.opened.catch(() => {
      if (this.#entries.get(path) === entry) this.#entries.delete(path);
    });
    return entry;
  }

  #rest(path: string, entry: Entry): void {
    if (entry.forgotten) return void close(entry);
    this.#idle.add(path);
    entry.timer = setTimeout(() => this.forget(path), idleMs).unref();
    if (maxIdle < this.#idle.size) this.forget(this.#idle.values().next().value!);
  }
}

async function openMeasured(path: string): Promise<{ file: FileHandle; size: number }> {
  const file = await open(path, "r");
  try {
    return { file, size: (await file.stat()).size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Only what was read is in the file: a failure to close it loses nothing. */
async function close({ opened }: Entry): Promise<void> {
  await opened.then(({ file }) => file.close()).catch(() => {});
}
