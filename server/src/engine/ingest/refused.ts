import type { IngestErrorCode } from "./acknowledgement.ts";

export type FragmentName = {
  /** In ticks. */
  timecode: number;
  number: string;
};

/** What a producer sends is Matroska, but not what may be sent here. */
export class Refused extends Error {
  readonly code: IngestErrorCode;
  /** Where it is not the fragment that arrives. */
  readonly of: FragmentName | undefined;

  constructor(code: IngestErrorCode, of?: FragmentName) {
    super(code);
    this.code = code;
    this.of = of;
  }
}
