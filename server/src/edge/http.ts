/**
 * A request and an answer as the edge sees them: plain data around byte streams, so that a test needs no port.
 *
 * Not the web's `Request`/`Response`: signatures need the path and query exactly as sent, and bodies of gigabytes pass
 * without a copy. Node's server is a thin adapter around these (listener.ts).
 */

export type EdgeRequest = {
  method: string;
  /** As sent: still percent-encoded, without the query. */
  rawPath: string;
  /** As sent, without `?`; "" when there is none. */
  rawQuery: string;
  /** Lower-case names; repeated headers joined by `, ` in order. */
  headers: Readonly<Record<string, string | undefined>>;
  body: AsyncIterable<Uint8Array>;
  secure: boolean;
  remoteAddress: string;
  /** Where it came in. */
  localPort?: number | undefined;
  /** Aborts when the client goes away before the answer is complete. */
  signal: AbortSignal;
};

export type EdgeResponse = {
  status: number;
  headers: Record<string, string | readonly string[]>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
};

/** What a listener serves. Never throws. */
export type Handler = (request: EdgeRequest) => Promise<EdgeResponse>;
