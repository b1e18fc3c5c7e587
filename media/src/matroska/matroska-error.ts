/** Why bytes were refused; `truncated`: they are good as far as they go. */
export type MatroskaFault = "invalid" | "too-large" | "unsupported" | "truncated";

/** Bytes that are not the Matroska that we read. */
export class MatroskaError extends Error {
  readonly reason: MatroskaFault;
  /** Of the byte at which it shows, counted from the start of the stream. */
  readonly offset: number;
  readonly detail: string;

  constructor(reason: MatroskaFault, offset: number, detail: string) {
    super(`Matroska, byte ${offset}: ${detail}`);
    this.name = "MatroskaError";
    this.reason = reason;
    this.offset = offset;
    this.detail = detail;
  }
}
