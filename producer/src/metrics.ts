/** What a producer counts. */

export type ProducerMetrics = {
  /** Media that went out, resends included. */
  bytesSent: number;
  framesIn: number;
  /** Refused, dropped with their fragment, or without a key frame to build on. */
  framesDropped: number;
  /** By what was acknowledged of them. */
  fragments: {
    buffering: number;
    received: number;
    persisted: number;
    errors: number;
    dropped: number;
    waiting: number;
  };
  /** Milliseconds of the latest: from the first byte to BUFFERING, from the last to RECEIVED and PERSISTED. */
  latencyMs: { buffering?: number; received?: number; persisted?: number };
  buffer: { bytes: number; durationMs: number };
  connections: { opened: number; open: number; failed: number };
};

export function newMetrics(): ProducerMetrics {
  return {
    bytesSent: 0,
    framesIn: 0,
    framesDropped: 0,
    fragments: { buffering: 0, received: 0, persisted: 0, errors: 0, dropped: 0, waiting: 0 },
    latencyMs: {},
    buffer: { bytes: 0, durationMs: 0 },
    connections: { opened: 0, open: 0, failed: 0 },
  };
}
