/**
 * Buffers that are used again. A new buffer of a megabyte costs more than reading a file into it: the kernel clears its
 * pages, and the collector is driven by how many such buffers there are.
 */

/** How many lie ready at most, and for how long when nobody takes them. */
const most = 16;
const idleMs = 5000;

export class BufferPool {
  readonly sizeBytes: number;
  readonly #free: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  /** With whatever its last user left in it. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.sizeBytes);
  }

  /** Only what nobody looks at any more. */
  giveBack(buffer: Buffer): void {
    if (most <= this.#free.length) return;
    this.#free.push(buffer);
    this.#timer ??= setTimeout(() => this.#clear(), idleMs).unref();
    this.#timer.refresh();
  }

  #clear(): void {
    this.#free.length = 0;
    this.#timer = undefined;
  }
}
