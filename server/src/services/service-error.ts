/**
 * The caller's mistake (or ours), named as the API model names it. The edge turns it into the protocol's envelope.
 */

export type ServiceErrorOptions = ErrorOptions & {
  /** Members beside the message, by the name they have on the wire. */
  members?: Record<string, unknown>;
  headers?: Record<string, string>;
};

export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  readonly status: number;
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /** `code` as clients see it, `status` the HTTP status of REST protocols. */
  constructor(code: string, status: number, message: string, options: ServiceErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = status;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}
