/**
 * PutMedia by Node's own client: HTTP/1.1, media and acknowledgements at the same time on one connection.
 */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { ProducerError } from "../errors.ts";
import type { Transport } from "../transport.ts";

export const httpTransport: Transport = {
  duplex: true,
  async putMedia({ url, headers, body, signal }) {
    const client = url.startsWith("https:") ? https : http;
    // A connection of its own, which ends with the request.
    const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
    const request = client.request(url, {
      method: "POST",
      headers: { ...headers, "transfer-encoding": "chunked", "user-agent": "millrace-producer/0.1.0" },
      agent,
      signal,
    });
    request.once("close", () => agent.destroy());
    const networkError = (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message || String(cause) : String(cause);
      return new ProducerError("NetworkError", `the connection to ${url} failed: ${reason}`, { cause });
    };
    let failure: unknown;
    const response = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.on("error", (error) => {
        failure = error;
        reject(networkError(error));
      });
    });
    request.flushHeaders();
    send(request, body).catch((error: Error) => request.destroy(error));
    const { statusCode = 0, headers: answered } = await response;
    const type = answered["x-amzn-errortype"];
    return { status: statusCode, errorType: Array.isArray(type) ? type[0] : type, body: read(await response) };

    async function* read(message: http.IncomingMessage): AsyncGenerator<Uint8Array> {
      try {
        yield* message;
      } catch (error) {
        throw networkError(failure ?? error);
      } finally {
        request.destroy();
      }
    }
  },
};

/** Takes from `body` only what the connection takes. */
async function send(request: http.ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (request.destroyed) return;
    if (!request.write(chunk) && !request.destroyed) await drained(request);
  }
  request.end();
}

async function drained(request: http.ClientRequest): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(request, "drain", { signal }), once(request, "close", { signal })]).finally(() =>
    waiting.abort(),
  );
}
