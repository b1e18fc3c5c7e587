/**
 * One PutMedia request: it takes fragments that wait, sends them as they grow, and hears what becomes of them.
 */
import { buildTags } from "@millrace/media/matroska/writer";
import { type Acknowledgement, AcknowledgementParser } from "./acknowledgements.ts";
import { errorOfAnswer, ProducerError } from "./errors.ts";
import type { Fragment, FragmentBuffer } from "./fragment-buffer.ts";
import type { PutMediaRequest, Transport } from "./transport.ts";

export type SessionOptions = {
  transport: Transport;
  request: Pick<PutMediaRequest, "url" | "headers">;
  buffer: FragmentBuffer;
  /** PERSISTED, or RECEIVED where nothing is kept. */
  lastAcknowledgement: "PERSISTED" | "RECEIVED";
  clock: () => number;
  /** When the next fragment belongs to another session: keys end, or the connection gets too old. */
  rotateAtMs: number;
  /** Without an acknowledgement for so long while one is due, the connection is taken for dead. */
  staleMs: number;
  /** Without a frame for so long, the fragment and the request are ended ahead of the service. */
  idleMs: number;
  onAcknowledgement(acknowledgement: Acknowledgement, fragment: Fragment | undefined, latencyMs: number): void;
  onBytes(count: number): void;
  /** Before anyone can take what it gives back. `error`: what ended it before its time. */
  onEnd(error: ProducerError | undefined): void;
};

const watchEveryMs = 250;
/** Of a request that is whole before it is sent; it may be exceeded by a fragment. */
const wholeRequestBytes = 8 * 1024 * 1024;
/** Of an answer that is an error. */
const maxErrorBytes = 65_536;

export class Session {
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  /** Fragments of this session that are not yet where they should be, by timecode. */
  readonly #owned = new Map<number, Fragment>();
  readonly #startedAt = new Map<Fragment, number>();
  readonly #sentAt = new Map<Fragment, number>();
  #lastSequence = -1;
  #bytesTaken = 0;
  #heardAtMs: number;
  #movedAtMs: number;
  #idle = false;
  #closing = false;
  #failure: ProducerError | undefined;
  /** It takes no more fragments; what it has may still be on its way. */
  handedOver = false;
  /** Nothing of it is on its way any more. */
  over = false;
  /** All is over; never rejects. Fragments that did not arrive wait again. */
  readonly done: Promise<void>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock();
    this.#movedAtMs = options.clock();
    const watch = setInterval(() => this.#watch(), watchEveryMs);
    this.done = this.#run().finally(() => clearInterval(watch));
  }

  /** No fragment will follow those that wait. */
  close(): void {
    this.#closing = true;
    this.#options.buffer.change.tell();
  }

  abort(reason: ProducerError): void {
    this.#failure ??= reason;
    this.#abort.abort();
    this.#options.buffer.change.tell();
  }

  async #run(): Promise<void> {
    const { transport, request } = this.#options;
    try {
      const answer = await transport.putMedia({ ...request, body: this.#body(), signal: this.#abort.signal });
      if (answer.status !== 200) {
        throw errorOfAnswer(answer.status, answer.errorType, await textOf(answer.body), "putMedia");
      }
      const parser = new AcknowledgementParser();
      for await (const chunk of answer.body) for (const found of parser.push(chunk)) this.#hear(found);
      if (!this.handedOver || 0 < this.#owned.size) {
        throw new ProducerError("ConnectionEnded", "the service ended the connection");
      }
    } catch (error) {
      this.#failure ??= error instanceof ProducerError ? error : new ProducerError("NetworkError", String(error));
    }
    this.handedOver = true;
    this.#abort.abort();
    this.#options.onEnd(this.#failure);
    for (const fragment of this.#owned.values()) this.#options.buffer.giveBack(fragment);
    this.#owned.clear();
    this.over = true;
    this.#options.buffer.change.tell();
  }

  async *#body(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { buffer, transport } = this.#options;
    let header: Uint8Array | undefined;
    for (let fragment = await this.#take(header); fragment !== undefined; fragment = await this.#take(header)) {
      if (header === undefined) yield this.#counted(fragment.header);
      header = fragment.header;
      for (let at = 0; !fragment.gone && !this.#abort.signal.aborted; ) {
        const part = fragment.parts[at];
        if (part !== undefined) {
          at++;
          yield this.#counted(part);
        } else if (!fragment.open) break;
        else await buffer.change.next();
      }
      if (this.#abort.signal.aborted) return;
      fragment.sent = true;
      this.#sentAt.set(fragment, this.#options.clock());
    }
    this.handedOver = true;
    buffer.change.tell();
    if (header === undefined || this.#abort.signal.aborted) return;
    yield this.#counted(endOfFragment);
    // The service closes the last fragment on that mark; the request stays open until it is known to be kept.
    while (transport.duplex && 0 < this.#owned.size && !this.#abort.signal.aborted) await buffer.change.next();
  }

  /** The next fragment for this session; `undefined` when there is none for it any more. */
  async #take(header: Uint8Array | undefined): Promise<Fragment | undefined> {
    const { buffer, transport, clock, rotateAtMs } = this.#options;
    for (; !this.#abort.signal.aborted; await buffer.change.next()) {
      const next = buffer.waiting(!transport.duplex);
      if (next === undefined) {
        if (this.#closing || this.#idle || !transport.duplex) return undefined;
        continue;
      }
      const isOurs = header === undefined || (next.header === header && this.#lastSequence < next.sequence);
      if (!transport.duplex && wholeRequestBytes <= this.#bytesTaken) return undefined;
      if (!isOurs || (header !== undefined && rotateAtMs <= clock())) return undefined;
      next.owner = this;
      this.#lastSequence = next.sequence;
      this.#bytesTaken += next.sizeBytes;
      this.#owned.set(next.timecode, next);
      this.#startedAt.set(next, clock());
      return next;
    }
    return undefined;
  }

  #counted(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#options.onBytes(bytes.length);
    this.#movedAtMs = this.#options.clock();
    return bytes;
  }

  #hear(acknowledgement: Acknowledgement): void {
    const { buffer, clock, lastAcknowledgement, onAcknowledgement } = this.#options;
    const { kind, timecode } = acknowledgement;
    this.#heardAtMs = clock();
    const fragment = timecode === undefined ? undefined : this.#owned.get(timecode);
    if (kind === "ERROR") {
      // Where it does not say which, it is the one on its way.
      const refused =
        fragment ?? [...this.#owned.values()].find(({ sent }) => !sent) ?? [...this.#owned.values()].at(-1);
      onAcknowledgement(acknowledgement, refused, 0);
      const code = acknowledgement.errorCode ?? `error ${acknowledgement.errorId}`;
      this.abort(new ProducerError(code, `the service ended the connection: ${code} (${acknowledgement.errorId})`));
      return;
    }
    if (kind === "IDLE" || fragment === undefined) return;
    const since = (kind === "BUFFERING" ? this.#startedAt : this.#sentAt).get(fragment) ?? this.#heardAtMs;
    onAcknowledgement(acknowledgement, fragment, this.#heardAtMs - since);
    if (kind === lastAcknowledgement || kind === "PERSISTED") {
      this.#owned.delete(fragment.timecode);
      this.#startedAt.delete(fragment);
      this.#sentAt.delete(fragment);
      buffer.remove(fragment);
    }
  }

  #watch(): void {
    const { buffer, clock, staleMs, idleMs, transport } = this.#options;
    const now = clock();
    for (const [timecode, { gone }] of this.#owned) if (gone) this.#owned.delete(timecode);
    if (0 < this.#owned.size && staleMs <= now - Math.max(this.#heardAtMs, transport.duplex ? 0 : this.#movedAtMs)) {
      const stuck = [...this.#owned.values()].some(({ sent }) => sent) || staleMs <= now - this.#movedAtMs;
      if (stuck) this.abort(new ProducerError("StaleConnection", `no acknowledgement for ${staleMs} ms`));
    }
    const isQuiet = idleMs <= now - this.#movedAtMs && [...this.#owned.values()].every(({ open }) => open);
    if (!this.handedOver && transport.duplex && isQuiet && buffer.waiting() === undefined) {
      this.#idle = true;
      buffer.endFragment();
      buffer.change.tell();
    }
  }
}

const endOfFragment = new Uint8Array(buildTags([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]));

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (maxErrorBytes < text.length) break;
  }
  return text;
}
