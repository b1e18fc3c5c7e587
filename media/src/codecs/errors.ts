/** What is wrong with a track or a frame: one word that callers can tell apart, and a sentence for people. */
export type CodecProblem =
  | "missing-codec-private-data"
  | "invalid-codec-private-data"
  | "unsupported-codec"
  | "invalid-frame";

export class CodecError extends Error {
  override readonly name = "CodecError";
  readonly problem: CodecProblem;

  constructor(problem: CodecProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** Runs a parser over codec private data: what ends too early there (a RangeError) is invalid codec private data. */
export function parsingPrivateData<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CodecError("invalid-codec-private-data", `The ${what} is malformed: ${cause.message}.`, { cause });
  }
}
