/**
 * Brings SQLite's write-ahead log to the disk beside the main thread, once for all that wait for it.
 *
 * SQLite's own sync at each commit (`synchronous=FULL`) stops the process for as long as the disk takes: measured, 5 ms in
 * the mean and 70 ms now and then. With `synchronous=NORMAL` a commit only writes to the log, and SQLite syncs it before it
 * takes pages over into the file. So a commit is durable once the log is synced after it; what was committed before it is
 * so, too.
 *
 * @see https://www.sqlite.org/wal.html, "Performance Considerations"
 */
import { type FileHandle, open } from "node:fs/promises";

export class LogSync {
  readonly #path: string;
  #file: FileHandle | undefined;
  #running = Promise.resolve();
  #next: Promise<void> | undefined;

  /** The log is there from the first commit on, and stays as long as the file is open. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Resolves when all that was written before the call is on the disk. Once it has rejected it always does: what the disk
   * has is unknown then, until the file is opened anew.
   */
  sync(): Promise<void> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running).catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
  }

  /** One that runs already may have missed what was written meanwhile. */
  async #begin(): Promise<void> {
    await this.#running;
    this.#running = this.#next!;
    this.#next = undefined;
    this.#file ??= await open(this.#path, "r+");
    await this.#file.datasync();
  }
}
