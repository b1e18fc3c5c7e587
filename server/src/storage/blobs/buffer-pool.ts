/**
 * Buffers that are used again. A new buffer of a megabyte costs more than reading a file into it: the kernel clears its
 * pages, and the collector is driven by how many such buffers there are.
 *
 * They begin at a page of memory, as a disk that is written to past the page cache wants it. Only WebAssembly's memory is
 * promised to.
 */

/** How many there are of these; who needs more at the same time gets others. */
const most = 16;
const wasmPageBytes = 65_536;
/** They are given up when nobody has taken one for so long. */
const idleMs = 5000;

declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

export class BufferPool {
  readonly sizeBytes: number;
  #memory: ArrayBuffer | undefined;
  #free: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param sizeBytes whole pages of 64 KiB */
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  /** With whatever its last user left in it. */
  take(): Buffer {
    this.#memory ??= this.#allocate();
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.sizeBytes);
  }

  /** Only what nobody looks at any more. */
  giveBack(buffer: Buffer): void {
    if (!this.isAligned(buffer)) return;
    this.#free.push(buffer);
    this.#timer ??= setTimeout(() => this.#clear(), idleMs).unref();
    this.#timer.refresh();
  }

  isAligned(buffer: Buffer): boolean {
    return buffer.buffer === this.#memory;
  }

  /** Costs only what is used of it. */
  #allocate(): ArrayBuffer {
    const pages = (most * this.sizeBytes) / wasmPageBytes;
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#free = Array.from({ length: most }, (_, at) => Buffer.from(buffer, at * this.sizeBytes, this.sizeBytes));
    return buffer;
  }

  #clear(): void {
    this.#memory = undefined;
    this.#free = [];
    this.#timer = undefined;
  }
}
