/**
 * MD5 of long bodies in a thread of its own. S3's ETag asks for it, and it takes longer than all else that is done with a
 * byte: sealing, SHA-256 and the disk go on beside it.
 */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Md5Answer, Md5Task } from "./md5-worker.ts";

/** Handed over at once. */
const slabBytes = 256 << 10;
/** Who finds none free waits until the thread has read one. */
const maxSlabs = 32;

export type Md5Stream = {
  /** A promise where there is something to wait for. `bytes` may be used again afterwards. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Hex. */
  digest(): Promise<string>;
  /** For who does not come to its digest. */
  close(): void;
};

let thread: Md5Thread | undefined;

export function createMd5Stream(): Md5Stream {
  if (availableParallelism() === 1) return onThisThread();
  thread ??= new Md5Thread();
  return new Body(thread);
}

function onThisThread(): Md5Stream {
  const hash = createHash("md5");
  return {
    update: (bytes) => void hash.update(bytes),
    digest: async () => hash.digest("hex"),
    close() {},
  };
}

class Body implements Md5Stream {
  static #count = 0;
  readonly #id = Body.#count++;
  readonly #thread: Md5Thread;
  #slab: SharedArrayBuffer | undefined;
  #filled = 0;
  #isEnded = false;

  constructor(thread: Md5Thread) {
    this.#thread = thread;
  }

  update(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#slab === undefined || slabBytes < this.#filled + bytes.length) return this.#updateInParts(bytes);
    new Uint8Array(this.#slab).set(bytes, this.#filled);
    this.#filled += bytes.length;
    return undefined;
  }

  digest(): Promise<string> {
    this.#handOver();
    this.#isEnded = true;
    return this.#thread.digest(this.#id);
  }

  close(): void {
    if (this.#isEnded) return;
    this.digest().catch(() => {});
  }

  async #updateInParts(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      this.#slab ??= await this.#thread.slab();
      const part = bytes.subarray(at, at + slabBytes - this.#filled);
      new Uint8Array(this.#slab).set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === slabBytes) this.#handOver();
    }
  }

  #handOver(): void {
    if (this.#slab !== undefined) this.#thread.update(this.#id, this.#slab, this.#filled);
    this.#slab = undefined;
    this.#filled = 0;
  }
}

/** Keeps no process alive that has nothing to wait for. */
class Md5Thread {
  readonly #worker: Worker;
  readonly #free: SharedArrayBuffer[] = [];
  #slabs = 0;
  readonly #slabless: PromiseWithResolvers<SharedArrayBuffer>[] = [];
  readonly #digests = new Map<number, PromiseWithResolvers<string>>();

  constructor() {
    this.#worker = new Worker(new URL(import.meta.url.replace("md5-stream", "md5-worker")));
    this.#worker.unref();
    this.#worker.on("message", (answer: Md5Answer) => this.#hear(answer));
    this.#worker.on("error", (error) => this.#fail(error));
  }

  async slab(): Promise<SharedArrayBuffer> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slabs < maxSlabs) {
      this.#slabs++;
      return new SharedArrayBuffer(slabBytes);
    }
    const waiting = Promise.withResolvers<SharedArrayBuffer>();
    this.#slabless.push(waiting);
    return waiting.promise;
  }

  update(body: number, slab: SharedArrayBuffer, sizeBytes: number): void {
    this.#post({ body, slab, sizeBytes });
  }

  digest(body: number): Promise<string> {
    const waiting = Promise.withResolvers<string>();
    this.#digests.set(body, waiting);
    this.#worker.ref();
    this.#post({ body });
    return waiting.promise;
  }

  #post(task: Md5Task): void {
    this.#worker.postMessage(task);
  }

  #hear(answer: Md5Answer): void {
    if ("slab" in answer) {
      const next = this.#slabless.shift();
      if (next === undefined) this.#free.push(answer.slab);
      else next.resolve(answer.slab);
      return;
    }
    this.#digests.get(answer.body)!.resolve(answer.hex);
    this.#digests.delete(answer.body);
    if (this.#digests.size === 0) this.#worker.unref();
  }

  /** The next body gets a new thread. */
  #fail(error: unknown): void {
    thread = undefined;
    for (const waiting of [...this.#slabless, ...this.#digests.values()]) waiting.reject(error);
  }
}
