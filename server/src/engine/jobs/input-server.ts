/**
 * A job's input as a local address, so that FFmpeg reads of the object what it needs and nothing is copied first.
 *
 * Answers GET and HEAD with ranges, on loopback, under a path that nobody can guess, for as long as the job runs.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Closeable } from "../../base/lifetime.ts";
import type { Random } from "../../base/random.ts";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import { BucketError, type BucketStore, type ObjectRef } from "../../storage/buckets/bucket-store.ts";
import { mayPass, retrying } from "./retrying.ts";

export interface InputServer extends Closeable {
  /** Ends like the object's key: some of FFmpeg's formats go by the extension. */
  readonly url: string;
  /** What the bucket answered where it should have given bytes: then FFmpeg's own complaint is not the cause. */
  readonly failure: BucketError | undefined;
}

export async function openInputServer(options: {
  buckets: BucketStore;
  object: ObjectRef;
  sizeBytes: number;
  random: Random;
}): Promise<InputServer> {
  const { buckets, object, sizeBytes, random } = options;
  const extension = /^\.[A-Za-z0-9]{1,8}$/.exec(extname(object.key))?.[0] ?? "";
  const path = `/${Buffer.from(random(24)).toString("base64url")}/input${extension}`;
  let failure: BucketError | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== path) return void response.writeHead(404).end();
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    const range = parseRange(request.headers.range, sizeBytes);
    if (range === "unsatisfiable") {
      return void response.writeHead(416, { "content-range": `bytes */${sizeBytes}` }).end();
    }
    const { from, to } = range ?? { from: 0, to: sizeBytes };
    const begin = () => {
      if (range !== undefined) response.setHeader("content-range", `bytes ${from}-${to - 1}/${sizeBytes}`);
      response.setHeader("accept-ranges", "bytes").setHeader("content-length", to - from);
      return response.writeHead(range === undefined ? 200 : 206);
    };
    if (request.method === "HEAD" || from === to) return void begin().end();
    const body = await read({ from, to });
    begin();
    await pipeline(body, response);
  }

  /** Notes what the bucket does wrong: FFmpeg itself hangs up whenever it seeks, and that is no failure. */
  async function read(range: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    try {
      const body = await retrying(() => buckets.read(object, range), mayPass);
      if (body === undefined) throw new BucketError("failed", `the input is gone: ${object.bucket}/${object.key}`);
      return noting(body);
    } catch (error) {
      throw note(error);
    }
  }

  async function* noting(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw note(error);
    }
  }

  function note(error: unknown): BucketError {
    failure = error instanceof BucketError ? error : new BucketError("failed", "the input broke off", { cause: error });
    return failure;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}${path}`,
    get failure() {
      return failure;
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `undefined`: no range, or one in a form that may be ignored. @see RFC 9110, 14.1.2 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (match === null || match[0] === "bytes=-") return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") {
    const count = Math.min(Number(last), sizeBytes);
    return count === 0 ? "unsatisfiable" : { from: sizeBytes - count, to: sizeBytes };
  }
  const from = Number(first);
  const to = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== "" && Number(last) < from) return undefined;
  return from < sizeBytes ? { from, to } : "unsatisfiable";
}
