/**
 * A new file, durable when it is written. Large ones pass by the page cache (O_DIRECT) where the file system can do that:
 * what is stored is seldom read at once, and copying it there costs more than everything else that is done with it.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BufferPool } from "./buffer-pool.ts";
import { type Chunks, untilAborted } from "./until-aborted.ts";

/** Gathered before they are written: a system call for each network chunk would cost more than the disk. */
const gatheredBytes = (1 << 20) + (1 << 16);
/** For files, and for who reads them. */
export const buffers = new BufferPool(gatheredBytes);

/** Smaller ones are left to the page cache. */
const directBytes = 128 << 10;
/** What every disk's blocks divide. */
const blockBytes = 4096;
const { O_CREAT, O_EXCL, O_WRONLY } = constants;
/** Not on every system. */
const O_DIRECT: number | undefined = constants.O_DIRECT;
/** By the file system: then nothing more is tried. */
let isRefused = false;

/** Makes the file (0600); one that could not be written is left for the caller to remove. Returns its size in bytes. */
export async function writeFile(path: string, body: Chunks | Uint8Array, signal?: AbortSignal): Promise<number> {
  const file = new GrowingFile(path);
  try {
    if (body instanceof Uint8Array) await file.add(body);
    else if (Symbol.iterator in body && signal === undefined) {
      for (const chunk of body) {
        const writing = file.add(chunk);
        if (writing !== undefined) await writing;
      }
    } else {
      for await (const chunk of untilAborted(body, signal)) {
        const writing = file.add(chunk);
        if (writing !== undefined) await writing;
      }
    }
    return await file.finish();
  } finally {
    file.close();
  }
}

class GrowingFile {
  readonly #path: string;
  readonly #gathered = buffers.take();
  #filled = 0;
  #written = 0;
  #file: FileHandle | undefined;
  #isDirect = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** A promise only where there is something to wait for: awaiting each of many small chunks would cost more than its copy. */
  add(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#gathered.length < this.#filled + chunk.length) return this.#addInParts(chunk);
    this.#gathered.set(chunk, this.#filled);
    this.#filled += chunk.length;
    return undefined;
  }

  /** Writes what is left, and syncs. */
  async finish(): Promise<number> {
    const sizeBytes = this.#written + this.#filled;
    await this.#flush();
    const file = this.#file!;
    if (this.#isDirect) await file.truncate(sizeBytes);
    await file.datasync();
    return sizeBytes;
  }

  /** What counts is on the disk by now, or never will be. */
  close(): void {
    buffers.giveBack(this.#gathered);
    void this.#file?.close().catch(() => {});
  }

  async #addInParts(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + this.#gathered.length - this.#filled);
      this.#gathered.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#gathered.length) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    this.#file ??= await this.#open();
    if (this.#isDirect) await this.#writeDirect();
    else await writeAll(this.#file, this.#gathered.subarray(0, this.#filled), this.#written);
    this.#written += this.#filled;
    this.#filled = 0;
  }

  async #open(): Promise<FileHandle> {
    const flags = O_CREAT | O_EXCL | O_WRONLY;
    if (O_DIRECT !== undefined && !isRefused && directBytes <= this.#filled && buffers.isAligned(this.#gathered)) {
      try {
        const file = await open(this.#path, flags | O_DIRECT, 0o600);
        this.#isDirect = true;
        return file;
      } catch (error) {
        if (!isNotSupported(error)) throw error;
        isRefused = true;
        // The file may have been made before its flags were refused.
        return open(this.#path, "w", 0o600);
      }
    }
    return open(this.#path, flags, 0o600);
  }

  /** Whole blocks; what the last one has too much is cut off at the end. */
  async #writeDirect(): Promise<void> {
    const whole = Math.ceil(this.#filled / blockBytes) * blockBytes;
    this.#gathered.fill(0, this.#filled, whole);
    try {
      await writeAll(this.#file!, this.#gathered.subarray(0, whole), this.#written);
    } catch (error) {
      if (!isNotSupported(error) || this.#written > 0) throw error;
      isRefused = true;
      this.#isDirect = false;
      await this.#file!.close();
      this.#file = await open(this.#path, "w", 0o600);
      await writeAll(this.#file, this.#gathered.subarray(0, this.#filled), 0);
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

function isNotSupported(error: unknown): boolean {
  return ["EINVAL", "EOPNOTSUPP", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "");
}
