/**
 * What PutMedia answers while media is still being sent: flat JSON objects one after another, in chunks of any size.
 *
 * @see Kinesis Video Streams developer guide, "PutMedia"
 */
import { ProducerError } from "./errors.ts";

export type Acknowledgement = {
  kind: "BUFFERING" | "RECEIVED" | "PERSISTED" | "ERROR" | "IDLE";
  /** The cluster's timestamp as it was sent, in ticks. */
  timecode?: number;
  /** Digits. */
  fragmentNumber?: string;
  errorId?: number;
  errorCode?: string;
};

/** Those of AWS have less than 200; the C producer takes no more than 1,024. */
const maxLength = 16_384;

export class AcknowledgementParser {
  readonly #decoder = new TextDecoder();
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** What lies between objects is passed over, and so are objects of a kind that is not known. @throws ProducerError */
  push(chunk: Uint8Array): Acknowledgement[] {
    const found: Acknowledgement[] = [];
    for (const char of this.#decoder.decode(chunk, { stream: true })) {
      if (this.#depth === 0 && char !== "{") continue;
      this.#text += char;
      if (maxLength < this.#text.length) throw malformed(this.#text);
      if (!this.#inString) {
        if (char === "{") this.#depth++;
        if (char === "}") this.#depth--;
      }
      if (char === '"' && !this.#escaped) this.#inString = !this.#inString;
      this.#escaped = this.#inString && char === "\\" && !this.#escaped;
      if (this.#depth === 0) {
        const acknowledgement = parseAcknowledgement(this.#text);
        if (acknowledgement !== undefined) found.push(acknowledgement);
        this.#text = "";
      }
    }
    return found;
  }
}

const kinds: ReadonlySet<unknown> = new Set(["BUFFERING", "RECEIVED", "PERSISTED", "ERROR", "IDLE"]);

function parseAcknowledgement(text: string): Acknowledgement | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(text);
  }
  // The API reference shows them wrapped so; none was ever seen.
  if (typeof value.Acknowledgement === "object" && value.Acknowledgement !== null) {
    value = value.Acknowledgement as Record<string, unknown>;
  }
  if (!kinds.has(value.EventType)) return undefined;
  return {
    kind: value.EventType as Acknowledgement["kind"],
    timecode: numberOf(value.FragmentTimecode),
    fragmentNumber: typeof value.FragmentNumber === "string" ? value.FragmentNumber : undefined,
    errorId: numberOf(value.ErrorId),
    errorCode: typeof value.ErrorCode === "string" ? value.ErrorCode : undefined,
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function malformed(text: string): ProducerError {
  return new ProducerError("ConnectionEnded", `an acknowledgement is no JSON object: ${text.slice(0, 80)}`);
}

const retriable: ReadonlySet<number> = new Set([4000, 4003, 5000, 5001]);

/** Whether the same fragment may pass another time; else it is the fragment that is refused. Unknown ids are taken for passing. */
export function isRetriable(errorId: number | undefined): boolean {
  if (errorId === undefined || retriable.has(errorId)) return true;
  return !(4000 <= errorId && errorId <= 4012) && !(4500 <= errorId && errorId <= 4507);
}
