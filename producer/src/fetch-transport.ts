/**
 * PutMedia by `fetch`, as browsers have it. None of them reads an answer before the request has ended, and none streams a
 * request over HTTP/1.1, so each request is whole: the fragments that are complete.
 */
import { reasonOf } from "./control-plane.ts";
import { ProducerError } from "./errors.ts";
import type { Transport } from "./transport.ts";

export const fetchTransport: Transport = {
  duplex: false,
  async putMedia({ url, headers, body, signal }) {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of body) parts.push(part);
    const response = await fetch(url, { method: "POST", headers, body: new Blob(parts), signal }).catch(
      (cause: unknown) => {
        throw new ProducerError("NetworkError", `nothing answers at ${url}: ${reasonOf(cause)}`, { cause });
      },
    );
    return {
      status: response.status,
      errorType: response.headers.get("x-amzn-errortype") ?? undefined,
      body: chunksOf(response),
    };
  },
};

/** By hand: not every browser can iterate a stream. */
async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    yield value;
  }
}
