/**
 * The body of a request, in the pieces in which it arrives.
 *
 * Node's own iterator does the same for any stream, at a price that small bodies notice: this one listens only when it
 * has to wait. Most of them are here by the time that somebody wants them.
 */
import type { IncomingMessage } from "node:http";

/** Rejects with what ended the connection when the client goes away in the middle. Whoever stops early may go on later. */
export class RequestBody implements AsyncIterableIterator<Uint8Array> {
  readonly #request: IncomingMessage;
  #listens = false;
  #wake: () => void = () => {};
  readonly #onChange = () => this.#wake();

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const request = this.#request;
    if (request.destroyed) {
      return request.readableEnded ? Promise.resolve(over) : Promise.reject(request.errored ?? brokenOff());
    }
    const bytes: Uint8Array | null = request.read();
    if (bytes !== null) return Promise.resolve({ done: false, value: bytes });
    if (request.complete && request.readableLength === 0) return Promise.resolve(over);
    return this.#change().then(() => this.next());
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#request.off("readable", this.#onChange);
    this.#request.off("close", this.#onChange);
    this.#listens = false;
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#listens) return;
      this.#listens = true;
      // The end is told as "readable" too.
      this.#request.on("readable", this.#onChange);
      this.#request.on("close", this.#onChange);
    });
  }
}

const over = { done: true, value: undefined } as const;

function brokenOff(): Error {
  return Object.assign(new Error("the client went away"), { code: "ECONNRESET" });
}
