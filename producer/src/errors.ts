/** What ends a producer, or one of its attempts. */

export class ProducerError extends Error {
  override readonly name = "ProducerError";
  /** The service's own name (`ResourceNotFoundException`, `INVALID_MKV_DATA`), or one of ours: `NetworkError`, `StaleConnection`, `StopTimeout`, `InvalidFrame`, `InvalidTrack`, `InvalidTag`, `Closed`. */
  readonly code: string;
  /** HTTP, where the service answered. */
  readonly status: number | undefined;

  constructor(code: string, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
  }
}

/** From an answer that is not 200: its name from `x-amzn-errortype` or the body, its words from the body. */
export function errorOfAnswer(status: number, errorType: string | null | undefined, body: string, what: string) {
  const told = parseObject(body);
  const name = [errorType, told.code, told.__type].find((text) => typeof text === "string" && text !== "");
  const code = typeof name === "string" ? name.replace(/^.*#/, "").replace(/:.*$/s, "") : `HTTP${status}`;
  const words = [told.Message, told.message].find((text) => typeof text === "string");
  return new ProducerError(code, `${what}: ${code}${words ? `: ${words}` : ` (HTTP ${status})`}`, { status });
}

/** Whose keys or rights are refused: refreshed credentials may help. */
export function isRefusal({ status }: ProducerError): boolean {
  return status === 401 || status === 403;
}

/** What another attempt may cure: no connection, trouble over there, too many calls. */
export function isPassing({ status, code }: ProducerError): boolean {
  if (status === undefined) return code === "NetworkError" || code === "StaleConnection" || code === "ConnectionEnded";
  return 500 <= status || status === 408 || status === 429 || /LimitExceeded|Throttl|InvalidEndpoint/.test(code);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
