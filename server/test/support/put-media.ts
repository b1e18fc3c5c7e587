/**
 * PutMedia as a producer speaks it: one connection, bytes up and acknowledgements down at the same time.
 */
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { systemClock } from "../../src/base/clock.ts";
import { emptyBodyHash } from "../../src/edge/auth/canonical.ts";
import { type SigningCredentials, signRequest } from "../../src/edge/auth/sign.ts";
import type { Acknowledgement } from "../../src/engine/ingest/acknowledgement.ts";

export type PutMediaOptions = {
  url: string;
  region: string;
  credentials: SigningCredentials;
  stream: string;
  timecodes?: "ABSOLUTE" | "RELATIVE";
  /** Seconds, as the header has them. */
  start?: string;
  headers?: Record<string, string>;
};

export class PutMediaConnection {
  readonly acknowledgements: Acknowledgement[] = [];
  readonly #request: ClientRequest;
  readonly #response: Promise<IncomingMessage>;
  #changed = Promise.withResolvers<void>();
  #ended = false;
  /** What the connection ended with when it did not end well. */
  failure: Error | undefined;

  constructor({ url, region, credentials, stream, timecodes = "ABSOLUTE", start, headers = {} }: PutMediaOptions) {
    const target = `${url}/putMedia`;
    const signed = signRequest({
      method: "POST",
      url: target,
      headers: {
        "x-amzn-stream-name": stream,
        "x-amzn-fragment-timecode-type": timecodes,
        ...(start === undefined ? {} : { "x-amzn-producer-start-timestamp": start }),
        ...headers,
      },
      payloadHash: emptyBodyHash,
      sendPayloadHash: false,
      credentials,
      service: "kinesisvideo",
      region,
      clock: systemClock,
    });
    this.#request = request(target, { method: "POST", headers: { ...signed, "transfer-encoding": "chunked" } });
    this.#request.on("error", (error) => this.#end(error));
    this.#response = once(this.#request, "response").then(([response]) => response as IncomingMessage);
    this.#response.then(
      (response) => this.#listen(response),
      () => {},
    );
    this.#request.flushHeaders();
  }

  /** No more acknowledgements will come. */
  get ended(): boolean {
    return this.#ended;
  }

  async status(): Promise<number> {
    return (await this.#response).statusCode!;
  }

  /** Resolves when the socket wants more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#request.destroyed || this.#ended) return;
    await new Promise<void>((resolve) => this.#request.write(bytes, () => resolve()));
  }

  /** The body is complete. */
  end(): void {
    this.#request.end();
  }

  /** As a producer does that loses its power. */
  destroy(): void {
    this.#request.destroy();
  }

  /** The first acknowledgement, of those that came and those to come, of which this is true; `undefined`: there is none. */
  async find(test: (acknowledgement: Acknowledgement) => boolean): Promise<Acknowledgement | undefined> {
    for (let seen = 0; ; ) {
      const changed = this.#changed.promise;
      for (; seen < this.acknowledgements.length; seen++) {
        if (test(this.acknowledgements[seen]!)) return this.acknowledgements[seen];
      }
      if (this.#ended) return undefined;
      await changed;
    }
  }

  /** All, once the server has ended its answer. */
  async all(): Promise<readonly Acknowledgement[]> {
    await this.find(() => false);
    return this.acknowledgements;
  }

  #listen(response: IncomingMessage): void {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      if (response.statusCode === 200) this.acknowledgements.push(...lines.map((line) => JSON.parse(line)));
      this.#tell();
    });
    response.on("error", (error) => this.#end(error));
    response.on("close", () => this.#end());
  }

  #end(error?: Error): void {
    this.failure ??= error;
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
