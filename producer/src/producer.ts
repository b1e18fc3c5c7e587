/**
 * The producer: frames in, fragments out over PutMedia, and what became of them.
 *
 * Fragments stay in a buffer until they are acknowledged for good. One loop keeps a session (session.ts) that takes those
 * that wait; whatever ends a session gives back what it could not place, and the next one sends it again.
 */
import { buildHeader } from "@millrace/media/matroska/writer";
import { type Acknowledgement, isRetriable } from "./acknowledgements.ts";
import { ControlPlane, wait } from "./control-plane.ts";
import { CredentialSource } from "./credentials.ts";
import { isRefusal, ProducerError } from "./errors.ts";
import { type Fragment, FragmentBuffer } from "./fragment-buffer.ts";
import { newMetrics, type ProducerMetrics } from "./metrics.ts";
import {
  defaults,
  type FragmentSummary,
  type ProducerEvent,
  type ProducerOptions,
  type ProducerState,
} from "./options.ts";
import { Session } from "./session.ts";
import { signHeaders } from "./sigv4.ts";
import { checkTags } from "./tags.ts";
import { adaptFrame, checkTracks, isComplete, type Track } from "./tracks.ts";
import type { Transport } from "./transport.ts";

export type MediaFrame = {
  /** The number of its track. */
  track: number;
  /** Of presentation, in milliseconds since the epoch, or since `startTimeMs` where timecodes are relative. */
  timestamp: number;
  keyframe: boolean;
  /** H.264 and H.265 in either form, AAC with or without ADTS; copied. In decoding order. */
  data: Uint8Array;
};

/** Until all tracks are known from their frames; bytes. */
const mostEarlyBytes = 16 * 1024 * 1024;
const firstWaitMs = 100;
const longestWaitMs = 16_000;

type Settings = ProducerOptions & Required<Pick<ProducerOptions, keyof typeof defaults>>;

/** Finds the stream, and makes it where it may. @throws ProducerError when it cannot be found, keys are refused, or nothing answers */
export async function openProducer(options: ProducerOptions, transport: Transport): Promise<Producer> {
  const producer = new Producer(options, transport);
  await producer.open();
  return producer;
}

export class Producer {
  readonly #options: Settings;
  readonly #transport: Transport;
  readonly #clock: () => number;
  readonly #startTimeMs: number;
  readonly #abort = new AbortController();
  readonly #credentials: CredentialSource;
  readonly #control: ControlPlane;
  readonly #buffer: FragmentBuffer;
  readonly #sessions = new Set<Session>();
  readonly #metrics = newMetrics();
  #tracks: Track[] = [];
  #documentIsOpen = false;
  #early: MediaFrame[] = [];
  #earlyBytes = 0;
  #retentionHours = 0;
  #state: ProducerState = "connecting";
  #wasFull = false;
  #closing = false;
  #failure: ProducerError | undefined;
  /** Failed connections since something was kept. */
  #failures = 0;
  #refusals = 0;
  #retryAtMs = 0;
  #putting: Promise<void> = Promise.resolve();
  #running: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: ProducerOptions, transport: Transport) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    this.#options = { ...defaults, ...(given as ProducerOptions) };
    this.#transport = transport;
    this.#clock = options.clock ?? Date.now;
    this.#startTimeMs = options.startTimeMs ?? this.#clock();
    this.#credentials = new CredentialSource(options.credentials, this.#clock);
    const { region, endpoint = defaultEndpoint(region) } = options;
    const signal = this.#abort.signal;
    this.#control = new ControlPlane({ endpoint, region, credentials: this.#credentials, clock: this.#clock, signal });
    const { maxBufferBytes: maxBytes, maxBufferMs: maxMs, mode } = this.#options;
    this.#buffer = new FragmentBuffer(
      this.#options,
      { maxBytes, maxMs, dropOldest: mode === "realtime" },
      (fragment, reason) => {
        this.#metrics.fragments.dropped++;
        this.#metrics.framesDropped += fragment.frames;
        this.#emit({ type: "dropped", reason, fragment: summaryOf(fragment) });
      },
    );
    if (options.tracks !== undefined) this.setTracks(options.tracks);
  }

  get state(): ProducerState {
    return this.#state;
  }

  get metrics(): ProducerMetrics {
    const { sizeBytes: bytes, durationMs, fragments } = this.#buffer;
    return {
      ...structuredClone(this.#metrics),
      fragments: { ...this.#metrics.fragments, waiting: fragments.length },
      buffer: { bytes, durationMs },
    };
  }

  async open(): Promise<void> {
    await this.#findStream();
    this.#running = this.#run().catch((error: unknown) => {
      this.#fail(
        error instanceof ProducerError ? error : new ProducerError("InternalError", String(error), { cause: error }),
      );
    });
  }

  /** What frames from now on belong to; a connection of their own is opened for them. @throws ProducerError `InvalidTrack` */
  setTracks(tracks: readonly Track[]): void {
    checkTracks(tracks);
    this.#tracks = [...tracks];
    this.#documentIsOpen = false;
  }

  /**
   * Resolves when the frame is in the buffer: at once, but for `offline`, where it waits for room. Calls keep their order.
   *
   * @throws ProducerError that ended the producer, or `InvalidFrame` for this frame alone
   */
  put(frame: MediaFrame): Promise<void> {
    const done = this.#putting.then(() => this.#put(frame));
    this.#putting = done.catch(() => {});
    return done;
  }

  /** Resolves when the buffer has room: for callers that would rather leave frames out themselves. */
  async ready(): Promise<void> {
    while (this.#buffer.isFull && this.#failure === undefined) await this.#buffer.change.next();
    this.#throwIfOver();
  }

  /**
   * Names and values for the next fragment, or with `persistent` for all that follow, until an empty value ends it.
   *
   * @throws ProducerError `InvalidTag`: names of 1 to 128 bytes, not beginning with AWS; values to 256 bytes; ten a fragment
   */
  setTags(tags: Readonly<Record<string, string>>, { persistent = false } = {}): void {
    checkTags(tags, this.#buffer.tags);
    this.#buffer.setTags(tags, persistent);
  }

  /** Ends the open fragment, so that it is kept without waiting for the next: for cameras that send now and then. */
  endFragment(): void {
    this.#buffer.endFragment();
  }

  /**
   * Sends what is there, waits until it is acknowledged, and ends. May be called again.
   *
   * @throws ProducerError that ended the producer before, or `StopTimeout` with how much is not acknowledged
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Ends at once; what is not acknowledged is lost. */
  async abort(): Promise<void> {
    this.#fail(new ProducerError("Closed", "the producer was aborted"));
    await this.#ended();
  }

  async #put(frame: MediaFrame): Promise<void> {
    this.#throwIfOver();
    if (this.#options.mode === "offline" && this.#buffer.isFull) {
      this.#tellPressure();
      await this.ready();
    }
    this.#metrics.framesIn++;
    const at = this.#tracks.findIndex(({ number }) => number === frame.track);
    const known = this.#tracks[at];
    if (known === undefined) throw new ProducerError("InvalidFrame", `there is no track ${frame.track}`);
    if (!Number.isFinite(frame.timestamp) || frame.timestamp < 0) {
      throw new ProducerError("InvalidFrame", `a frame's time must be milliseconds from 0 on, not ${frame.timestamp}`);
    }
    if (this.#options.maxBufferBytes / 2 < frame.data.length) {
      throw new ProducerError("InvalidFrame", `a frame of ${frame.data.length} bytes is too large for the buffer`);
    }
    try {
      const { track, parts } = adaptFrame(known, frame.data);
      if (track !== known) {
        this.#tracks[at] = track;
        this.#documentIsOpen = false;
      }
      if (!this.#tracks.every(isComplete)) return this.#keepEarly(frame);
      if (!this.#documentIsOpen) this.#openDocument();
      const early = this.#early.splice(0);
      this.#earlyBytes = 0;
      for (const earlier of early)
        this.#add(earlier, adaptFrame(this.#tracks[this.#indexOf(earlier)]!, earlier.data).parts);
      this.#add(frame, parts);
    } catch (cause) {
      if (cause instanceof ProducerError) throw cause;
      throw new ProducerError("InvalidFrame", cause instanceof Error ? cause.message : String(cause), { cause });
    }
    this.#tellPressure();
  }

  #indexOf({ track }: MediaFrame): number {
    return this.#tracks.findIndex(({ number }) => number === track);
  }

  #add({ track, timestamp, keyframe }: MediaFrame, parts: readonly Uint8Array[]): void {
    const lost = this.#buffer.add({ track, timestamp, keyframe, parts });
    this.#metrics.framesDropped += lost;
  }

  #keepEarly(frame: MediaFrame): void {
    this.#early.push({ ...frame, data: frame.data.slice() });
    this.#earlyBytes += frame.data.length;
    if (mostEarlyBytes < this.#earlyBytes) {
      const missing = this.#tracks.find((track) => !isComplete(track));
      throw new ProducerError("InvalidTrack", `the frames of track ${missing?.number} do not tell its configuration`);
    }
  }

  #openDocument(): void {
    const main = this.#tracks.find(({ kind }) => kind === "video") ?? this.#tracks[0]!;
    const { timestampScale } = this.#options;
    const header = buildHeader({
      tracks: this.#tracks,
      timestampScale,
      segmentUid: crypto.getRandomValues(new Uint8Array(16)),
    });
    this.#buffer.setDocument(new Uint8Array(header), { number: main.number, isVideo: main.kind === "video" });
    this.#documentIsOpen = true;
  }

  async #findStream(): Promise<void> {
    const { stream, create } = this.#options;
    let found = await this.#control.describe(stream);
    if (found === undefined && create !== undefined) {
      await this.#control.create(stream, create);
      found = await this.#control.describe(stream);
    }
    // A new stream may take its time.
    for (let tries = 0; tries < 30 && found !== undefined && found.status !== "ACTIVE"; tries++) {
      if (found.status === "DELETING") break;
      await wait(1000, this.#abort.signal);
      found = await this.#control.describe(stream);
    }
    if (found === undefined)
      throw new ProducerError("ResourceNotFoundException", `there is no stream ${stream}`, { status: 404 });
    if (found.status === "DELETING")
      throw new ProducerError("ResourceNotFoundException", `the stream ${stream} is being deleted`);
    this.#retentionHours = found.retentionHours;
  }

  /** Keeps a session while there is something to send. */
  async #run(): Promise<void> {
    const { buffer, duplex } = { buffer: this.#buffer, duplex: this.#transport.duplex };
    while (this.#failure === undefined) {
      if (buffer.waiting(!duplex) === undefined) {
        if (this.#closing && this.#sessions.size === 0) return;
        await buffer.change.next();
        continue;
      }
      const delayMs = this.#retryAtMs - this.#clock();
      if (0 < delayMs) await wait(delayMs, this.#abort.signal);
      if (this.#failure !== undefined) return;
      const session = await this.#openSession().catch((error: unknown) => this.#afterFailure(error));
      // Whole requests that overtake each other would be numbered out of order.
      const mayFollow = () => session === undefined || (duplex ? session.handedOver : session.over);
      while (!mayFollow()) await buffer.change.next();
    }
  }

  async #openSession(): Promise<Session> {
    const { stream, region, timecodes, maxConnectionMs } = this.#options;
    const { credentials, renewAtMs } = await this.#credentials.current();
    const url = await this.#control.putMediaUrl(stream);
    const fixed = {
      "x-amzn-stream-name": stream,
      "x-amzn-fragment-timecode-type": timecodes.toUpperCase(),
      "x-amzn-producer-start-timestamp": (this.#startTimeMs / 1000).toFixed(3),
      "x-amzn-fragment-acknowledgment-required": "1",
    };
    const nowMs = this.#clock();
    const headers = await signHeaders({ url, headers: fixed, body: "", credentials, region, nowMs });
    const session = new Session({
      ...this.#options,
      transport: this.#transport,
      request: { url, headers },
      buffer: this.#buffer,
      clock: this.#clock,
      lastAcknowledgement: 0 < this.#retentionHours ? "PERSISTED" : "RECEIVED",
      rotateAtMs: Math.min(nowMs + maxConnectionMs, renewAtMs),
      onAcknowledgement: (acknowledgement, fragment, latencyMs) => this.#hear(acknowledgement, fragment, latencyMs),
      onBytes: (count) => {
        this.#metrics.bytesSent += count;
      },
      onEnd: (error) => {
        this.#metrics.connections.open--;
        if (error !== undefined) void this.#afterFailure(error);
      },
    });
    this.#sessions.add(session);
    this.#metrics.connections.opened++;
    this.#metrics.connections.open++;
    if (this.#closing) session.close();
    session.done.then(() => {
      this.#sessions.delete(session);
      this.#buffer.change.tell();
    });
    return session;
  }

  #hear(acknowledgement: Acknowledgement, fragment: Fragment | undefined, latencyMs: number): void {
    const { kind, fragmentNumber, errorId, errorCode } = acknowledgement;
    const summary = fragment && summaryOf(fragment);
    const counts = this.#metrics.fragments;
    if (kind === "ERROR") {
      const retriable = isRetriable(errorId);
      counts.errors++;
      this.#emit({ type: "error", errorId, errorCode, retriable, fragment: summary });
      if (!retriable && fragment !== undefined) this.#buffer.drop(fragment, "refused");
    } else if (kind !== "IDLE" && summary !== undefined) {
      const name = kind.toLowerCase() as "buffering" | "received" | "persisted";
      counts[name]++;
      this.#metrics.latencyMs[name] = latencyMs;
      if (kind !== "BUFFERING") [this.#failures, this.#refusals] = [0, 0];
      this.#setState(this.#closing ? "closing" : "streaming");
      this.#emit({ type: "acknowledged", kind, fragment: summary, fragmentNumber, latencyMs });
      this.#tellPressure();
    }
  }

  /** Decides whether another attempt makes sense, and when. */
  async #afterFailure(reason: unknown): Promise<undefined> {
    const error =
      reason instanceof ProducerError ? reason : new ProducerError("CredentialsError", `no credentials: ${reason}`);
    if (this.#failure !== undefined) return undefined;
    this.#metrics.connections.failed++;
    if (isRefusal(error)) {
      this.#credentials.forget();
      if (!this.#credentials.renewable || 2 <= ++this.#refusals) return this.#fail(error);
    }
    if (error.status === 404 || error.code === "InvalidEndpointException") this.#control.forgetEndpoint();
    if (error.status === 400 && error.code === "InvalidArgumentException") return this.#fail(error);
    const most = Math.min(longestWaitMs, firstWaitMs * 2 ** this.#failures++);
    this.#retryAtMs = this.#clock() + most * (0.5 + Math.random() / 2);
    this.#setState("waiting", error);
    if (error.status === 404) {
      await this.#findStream().catch((cause: ProducerError) => {
        if (cause.status === 404 || isRefusal(cause)) this.#fail(cause);
      });
    }
    return undefined;
  }

  async #close(): Promise<void> {
    await this.#putting;
    this.#closing = true;
    if (this.#failure === undefined) this.#setState("closing");
    this.#metrics.framesDropped += this.#early.splice(0).length;
    this.#buffer.endWithTags();
    for (const session of this.#sessions) session.close();
    this.#buffer.change.tell();
    const late = setTimeout(() => {
      const count = this.#buffer.fragments.length;
      this.#fail(new ProducerError("StopTimeout", `${count} fragments were not acknowledged in time`));
    }, this.#options.stopTimeoutMs);
    await this.#ended();
    clearTimeout(late);
    if (this.#failure !== undefined) throw this.#failure;
    this.#setState("closed");
    this.#abort.abort();
  }

  async #ended(): Promise<void> {
    await this.#running;
    await Promise.all([...this.#sessions].map(({ done }) => done));
  }

  #fail(error: ProducerError): undefined {
    if (this.#failure !== undefined || this.#state === "closed") return undefined;
    this.#failure = error;
    this.#setState("failed", error);
    this.#abort.abort();
    for (const session of this.#sessions) session.abort(error);
    this.#buffer.change.tell();
    return undefined;
  }

  #throwIfOver(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing) throw new ProducerError("Closed", "the producer is closed");
  }

  #setState(state: ProducerState, error?: ProducerError): void {
    if (state === this.#state && error === undefined) return;
    this.#state = state;
    this.#emit(error === undefined ? { type: "state", state } : { type: "state", state, error });
  }

  #tellPressure(): void {
    const full = this.#buffer.isFull;
    if (full === this.#wasFull) return;
    this.#wasFull = full;
    this.#emit({ type: "pressure", full });
  }

  /** A listener that throws is its owner's bug, and must not look like a broken connection. */
  #emit(event: ProducerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function defaultEndpoint(region: string): string {
  return `https://kinesisvideo.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function summaryOf({ sequence, timestampMs, lastMs, frames, sizeBytes }: Fragment): FragmentSummary {
  return { sequence, timestampMs, durationMs: lastMs - timestampMs, frames, sizeBytes };
}
