/**
 * One file or object as a local address, so that FFmpeg reads of it what it needs and nothing is copied first.
 *
 * Answers GET and HEAD with ranges, on loopback, under a path that nobody can guess. Whoever asks before it is known what
 * is served waits for it.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Closeable } from "../../base/lifetime.ts";
import type { Random } from "../../base/random.ts";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";

export type ServedBytes = { sizeBytes: number; read(range: ByteRange): Promise<AsyncIterable<Uint8Array>> };

/** Of a file that does not grow any more. */
export async function fileBytes(path: string): Promise<ServedBytes> {
  const { size } = await stat(path);
  return { sizeBytes: size, read: async ({ from, to }) => createReadStream(path, { start: from, end: to - 1 }) };
}

export interface RangeServer extends Closeable {
  readonly url: string;
  /** Only the first call counts. */
  serve(bytes: ServedBytes): void;
}

/** `extension`, such as `.mp4` or "": some of FFmpeg's formats go by it. */
export async function openRangeServer(options: { extension: string; random: Random }): Promise<RangeServer> {
  const path = `/${Buffer.from(options.random(24)).toString("base64url")}/media${options.extension}`;
  const served = Promise.withResolvers<ServedBytes>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== path) return void response.writeHead(404).end();
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    const bytes = await served.promise;
    const { sizeBytes } = bytes;
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
    const body = await bytes.read({ from, to });
    begin();
    await pipeline(body, response);
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
    serve: (bytes) => served.resolve(bytes),
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
