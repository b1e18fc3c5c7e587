/** All that a producer can be told, and what it is where it is not. */
import type { NewStream } from "./control-plane.ts";
import type { Credentials, CredentialsProvider } from "./credentials.ts";
import type { ProducerError } from "./errors.ts";
import type { DropReason } from "./fragment-buffer.ts";
import type { Track } from "./tracks.ts";

export type ProducerOptions = {
  stream: string;
  region: string;
  credentials: Credentials | CredentialsProvider;
  /** Of the control plane; that of the media is asked of it. Default: AWS's for the region. */
  endpoint?: string;
  /** One to three. `codecPrivate` may be absent where Annex B or ADTS frames tell it. `setTracks` may give them later. */
  tracks?: readonly Track[];
  /** Makes the stream where it is missing. */
  create?: NewStream;
  /**
   * `realtime`: a full buffer drops its oldest fragment. `offline`: `put` waits for room, nothing is dropped; it goes as fast
   * as fragments are acknowledged. Default: realtime.
   */
  mode?: "realtime" | "offline";
  /** What timestamps count from: the epoch, or `startTimeMs`. Default: absolute. */
  timecodes?: "absolute" | "relative";
  /** Milliseconds since the epoch. Default: now. */
  startTimeMs?: number;
  /** Nanoseconds a tick of the Matroska document. Default: a millisecond. */
  timestampScale?: number;
  /** A key frame sooner than this after the start of a fragment does not begin another. Default: 500. */
  minFragmentMs?: number;
  /** A fragment is ended then even without a key frame; the service takes 20 s. Default: 19,000. */
  maxFragmentMs?: number;
  /** Of fragments of sound alone. Default: 2,000. */
  audioFragmentMs?: number;
  /** Bytes and milliseconds that are not yet acknowledged. Defaults: 128 MiB, 120,000. */
  maxBufferBytes?: number;
  maxBufferMs?: number;
  /** How long `close` waits for the last acknowledgement. Default: 120,000. */
  stopTimeoutMs?: number;
  /** Without acknowledgements for so long the connection is given up. Default: 60,000. */
  staleMs?: number;
  /** Without frames for so long the fragment and the connection are ended. The service does so after 30 s. Default: 20,000. */
  idleMs?: number;
  /** The oldest a connection gets; the service ends it at about 45 minutes. Default: 40 minutes. */
  maxConnectionMs?: number;
  onEvent?(event: ProducerEvent): void;
  /** Milliseconds since the epoch, for signatures and all intervals. */
  clock?: () => number;
};

export type ProducerState = "connecting" | "streaming" | "waiting" | "closing" | "closed" | "failed";

/** A fragment by its times and size; milliseconds as they were put in. */
export type FragmentSummary = {
  sequence: number;
  timestampMs: number;
  durationMs: number;
  frames: number;
  sizeBytes: number;
};

export type ProducerEvent =
  /** `waiting`: until the next attempt to connect, for the reason given. */
  | { type: "state"; state: ProducerState; error?: ProducerError }
  | {
      type: "acknowledged";
      kind: "BUFFERING" | "RECEIVED" | "PERSISTED";
      fragment: FragmentSummary;
      fragmentNumber: string | undefined;
      latencyMs: number;
    }
  /** The service ended the connection for it. What can be sent again is; `fragment` else is dropped. */
  | {
      type: "error";
      errorId: number | undefined;
      errorCode: string | undefined;
      retriable: boolean;
      fragment: FragmentSummary | undefined;
    }
  | { type: "dropped"; reason: DropReason; fragment: FragmentSummary }
  /** The buffer was full and has room, or had room and is full. */
  | { type: "pressure"; full: boolean };

export const defaults = {
  mode: "realtime",
  timecodes: "absolute",
  timestampScale: 1_000_000,
  minFragmentMs: 500,
  maxFragmentMs: 19_000,
  audioFragmentMs: 2_000,
  maxBufferBytes: 128 * 1024 * 1024,
  maxBufferMs: 120_000,
  stopTimeoutMs: 120_000,
  staleMs: 60_000,
  idleMs: 20_000,
  maxConnectionMs: 40 * 60_000,
} as const;
