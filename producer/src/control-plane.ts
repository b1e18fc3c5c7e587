/**
 * The calls before the media: what the stream is, and where its media goes.
 */
import type { CredentialSource } from "./credentials.ts";
import { errorOfAnswer, isPassing, isRefusal, ProducerError } from "./errors.ts";
import { signHeaders } from "./sigv4.ts";

export type ControlPlaneOptions = {
  endpoint: string;
  region: string;
  credentials: CredentialSource;
  clock: () => number;
  signal: AbortSignal;
};

export type StreamDescription = { arn: string; status: string; retentionHours: number };

export type NewStream = {
  retentionHours?: number;
  /** `video/h264,audio/aac`. */
  mediaType?: string;
  tags?: Readonly<Record<string, string>>;
};

const attempts = 5;
const firstWaitMs = 100;
const answerWithinMs = 10_000;
/** As the C producer keeps it. */
const endpointLastsMs = 40 * 60_000;

export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #base: string;
  #endpoint: { url: string; untilMs: number } | undefined;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#base = options.endpoint.replace(/\/+$/, "");
  }

  /** `undefined`: there is no such stream. @throws ProducerError */
  async describe(stream: string): Promise<StreamDescription | undefined> {
    try {
      const answer = await this.#call("/describeStream", { StreamName: stream });
      const info = answer.StreamInfo as Record<string, unknown> | undefined;
      if (typeof info?.StreamARN !== "string") throw new ProducerError("ConnectionEnded", "no StreamInfo was answered");
      return {
        arn: info.StreamARN,
        status: String(info.Status),
        retentionHours: Number(info.DataRetentionInHours ?? 0),
      };
    } catch (error) {
      if (error instanceof ProducerError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** One that somebody else has made meanwhile will do. @throws ProducerError */
  async create(stream: string, { retentionHours = 24, mediaType, tags }: NewStream): Promise<void> {
    const input = { StreamName: stream, DataRetentionInHours: retentionHours, MediaType: mediaType, Tags: tags };
    await this.#call("/createStream", input).catch((error: ProducerError) => {
      if (error.code !== "ResourceInUseException") throw error;
    });
  }

  /** Where PutMedia goes, kept for 40 minutes. @throws ProducerError */
  async putMediaUrl(stream: string): Promise<string> {
    if (this.#endpoint === undefined || this.#endpoint.untilMs <= this.#options.clock()) {
      const answer = await this.#call("/getDataEndpoint", { StreamName: stream, APIName: "PUT_MEDIA" });
      const url = String(answer.DataEndpoint);
      if (!URL.canParse(url)) throw new ProducerError("ConnectionEnded", `the data endpoint is no URL: ${url}`);
      this.#endpoint = { url, untilMs: this.#options.clock() + endpointLastsMs };
    }
    return `${this.#endpoint.url.replace(/\/+$/, "")}/putMedia`;
  }

  forgetEndpoint(): void {
    this.#endpoint = undefined;
  }

  /** Tried again, each time after twice as long, where the failure may pass; once with new keys where keys are refused. */
  async #call(path: string, input: unknown): Promise<Record<string, unknown>> {
    const { credentials, signal } = this.#options;
    let renewed = !credentials.renewable;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#send(path, JSON.stringify(input));
      } catch (error) {
        if (!(error instanceof ProducerError) || signal.aborted) throw error;
        if (isRefusal(error) && !renewed) {
          renewed = true;
          credentials.forget();
        } else if (!isPassing(error) || attempts <= attempt + 1) throw error;
        await wait(firstWaitMs * 2 ** attempt * (1 + Math.random()), signal);
      }
    }
  }

  async #send(path: string, body: string): Promise<Record<string, unknown>> {
    const { region, clock, signal } = this.#options;
    const { credentials } = await this.#options.credentials.current();
    const url = this.#base + path;
    const fixed = { "content-type": "application/json" };
    const headers = await signHeaders({ url, headers: fixed, body, credentials, region, nowMs: clock() });
    const within = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    let status: number;
    let errorType: string | null;
    let text: string;
    try {
      const response = await fetch(url, { method: "POST", headers, body, signal: within });
      [status, errorType, text] = [response.status, response.headers.get("x-amzn-errortype"), await response.text()];
    } catch (cause) {
      throw new ProducerError("NetworkError", `nothing answers at ${url}: ${reasonOf(cause)}`, { cause });
    }
    if (status !== 200) throw errorOfAnswer(status, errorType, text, path.slice(1));
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new ProducerError("ConnectionEnded", `${path.slice(1)} answered no JSON`, { cause });
    }
  }
}

/** `fetch` hides why in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || String(cause) : error.message;
}

/** Resolves early when `signal` is aborted. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
