/**
 * An answer on its way to the client, as fast as the client takes it.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { EdgeResponse } from "./http.ts";

const flushMs = 5;

/** What is read and thrown away of a body that nobody wanted, so that the client gets to see the answer. */
const drainBytes = 4 << 20;
const drainUnreadMs = 5_000;

/** Resolves when there is nothing left to hand on. @throws when the client goes away, or a body breaks off */
export async function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: EdgeResponse,
  isHead: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!isStream(body)) {
    const sizeBytes = body === undefined ? 0 : Buffer.byteLength(body);
    const saysLength = "content-length" in headers || status === 204 || status === 304 || status < 200;
    const length = saysLength ? {} : { "content-length": sizeBytes };
    response.writeHead(status, { ...headers, ...length } as OutgoingHttpHeaders);
    response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(status, headers as OutgoingHttpHeaders);
  const chunks = body[Symbol.asyncIterator]();
  const writer = new AnswerWriter(response, signal);
  // Usually the first bytes go out together with the headers; whoever waits for an answer alone gets it soon.
  const soon = setTimeout(() => response.flushHeaders(), flushMs);
  try {
    for (let next = isHead ? undefined : await chunks.next(); next && !next.done; next = await chunks.next()) {
      clearTimeout(soon);
      await writer.write(next.value);
    }
  } finally {
    clearTimeout(soon);
    writer.close();
    await chunks.return?.();
  }
  response.end();
}

export function isStream(body: EdgeResponse["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}

/** Writes an answer in pieces; listens for the client's going once, and not for each of them. */
class AnswerWriter {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #giveUp: (reason: unknown) => void = () => {};
  readonly #onAbort = () => this.#giveUp(this.#signal.reason);

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Resolves when the kernel has the bytes: their memory may be another chunk's from then on. @throws the signal's reason */
  async write(bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#giveUp = reject;
    this.#response.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
    await promise;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}

/** Closing at once would reset the connection, and the client would never see why. */
export function drain(request: IncomingMessage): void {
  let left = drainBytes;
  const end = () => request.socket.destroy();
  // A process that stops does not wait for it, nor does a socket that is gone say so by its request.
  const timer = setTimeout(end, drainUnreadMs).unref();
  request.on("data", (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.socket.once("close", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
