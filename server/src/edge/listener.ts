/**
 * Node's HTTP server as a thin adapter around a {@link Handler}.
 *
 * HTTP/1.1. Bodies may take as long as they take, headers may not. Whatever happens in a handler, the connection ends in
 * a state that the client can tell: an answer, or a connection closed in the middle of one.
 */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Closeable } from "../base/lifetime.ts";
import type { EdgeRequest, EdgeResponse, Handler } from "./http.ts";

export interface Listener extends Closeable {
  readonly port: number;
  /** `http://host:port`, as a client on this machine addresses it. */
  readonly url: string;
}

export type ListenerOptions = {
  handler: Handler;
  host: string;
  /** 0: a free one. */
  port: number;
  /** PEM. Without it: plain HTTP. */
  tls?: { cert: string; key: string };
  /** How long `close` lets answers that have begun go on. */
  drainMs?: number;
};

const headersTimeout = 30_000;
/** Longer than clients keep theirs, so that they close first and none meets a connection that is just going. */
const keepAliveTimeout = 75_000;
const maxHeaderSize = 64 << 10;

const flushMs = 5;

/** What is read and thrown away of a body that nobody wanted, so that the client gets to see the answer. */
const drainBytes = 4 << 20;
const drainUnreadMs = 5_000;

export async function openListener({ handler, host, port, tls, drainMs = 10_000 }: ListenerOptions): Promise<Listener> {
  const options = { headersTimeout, keepAliveTimeout, maxHeaderSize, requestTimeout: 0 };
  const server: Server =
    tls === undefined
      ? createServer(options)
      : createSecureServer({ ...options, ...tls, ALPNProtocols: ["http/1.1"], minVersion: "TLSv1.2" });
  let closing = false;
  const serve = (request: IncomingMessage, response: ServerResponse, continues: boolean) => {
    if (closing) response.setHeader("connection", "close");
    // An answer that had begun before left its connection open for more.
    const leave = () => setImmediate(() => closing && server.closeIdleConnections());
    response.once("close", leave);
    request.once("close", leave);
    void answer(handler, request, response, continues, tls !== undefined);
  };
  server.on("request", (request, response) => serve(request, response, false));
  server.on("checkContinue", (request, response) => serve(request, response, true));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const shownHost =
    host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  let closed: Promise<void> | undefined;
  return {
    port: bound,
    url: `${tls === undefined ? "http" : "https"}://${shownHost}:${bound}`,
    close() {
      closing = true;
      closed ??= new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
      return closed;
    },
  };
}

async function answer(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  continues: boolean,
  secure: boolean,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the client went away"));
  });
  // An error of the request or the answer is the client's going: "close" tells of it.
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const body = continues ? afterContinue(request, response) : request.iterator({ destroyOnReturn: false });
    const answer = await handler(edgeRequest(request, body, secure, gone.signal));
    const isUnread = () => !request.complete && hasBody(request);
    // An answer in pieces may be one to what still comes.
    if (isUnread() && !isStream(answer.body)) response.setHeader("connection", "close");
    await write(response, answer, request.method === "HEAD", gone.signal);
    if (isUnread()) drain(request);
  } catch {
    // The handler never throws: only a body that broke off in the middle of its answer comes here.
    response.destroy();
  }
}

function edgeRequest(
  request: IncomingMessage,
  body: AsyncIterable<Uint8Array>,
  secure: boolean,
  signal: AbortSignal,
): EdgeRequest {
  const target = targetOf(request.url ?? "/");
  const at = target.indexOf("?");
  return {
    method: request.method ?? "GET",
    rawPath: at < 0 ? target : target.slice(0, at),
    rawQuery: at < 0 ? "" : target.slice(at + 1),
    // Only set-cookie would be a list, and no client sends one.
    headers: request.headers as Record<string, string | undefined>,
    body,
    secure,
    remoteAddress: request.socket.remoteAddress ?? "",
    localPort: request.socket.localPort,
    signal,
  };
}

/** A proxy's client sends the whole URL. */
function targetOf(url: string): string {
  if (url.startsWith("/") || url === "*") return url;
  const at = url.indexOf("/", url.indexOf("://") + 3);
  return at < 0 ? "/" : url.slice(at);
}

/** The client waits for "100 Continue": it comes when somebody wants the body. */
async function* afterContinue(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Uint8Array> {
  response.writeContinue();
  yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

async function write(
  response: ServerResponse,
  { status, headers, body }: EdgeResponse,
  isHead: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!isStream(body)) {
    const sizeBytes = body === undefined ? 0 : Buffer.byteLength(body);
    const saysLength = "content-length" in headers || status === 204 || status === 304 || status < 200;
    const length = saysLength ? {} : { "content-length": sizeBytes };
    response.writeHead(status, { ...headers, ...length } as OutgoingHttpHeaders);
    response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(status, headers as OutgoingHttpHeaders);
  const chunks = body[Symbol.asyncIterator]();
  const writer = new AnswerWriter(response, signal);
  // Usually the first bytes go out together with the headers; whoever waits for an answer alone gets it soon.
  const soon = setTimeout(() => response.flushHeaders(), flushMs);
  try {
    for (let next = isHead ? undefined : await chunks.next(); next && !next.done; next = await chunks.next()) {
      clearTimeout(soon);
      await writer.write(next.value);
    }
  } finally {
    clearTimeout(soon);
    writer.close();
    await chunks.return?.();
  }
  response.end();
}

function isStream(body: EdgeResponse["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}

/** Writes an answer in pieces; listens for the client's going once, and not for each of them. */
class AnswerWriter {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #giveUp: (reason: unknown) => void = () => {};
  readonly #onAbort = () => this.#giveUp(this.#signal.reason);

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Resolves when the kernel has the bytes: their memory may be another chunk's from then on. @throws the signal's reason */
  async write(bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#giveUp = reject;
    this.#response.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
    await promise;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}

/** Closing at once would reset the connection, and the client would never see why. */
function drain(request: IncomingMessage): void {
  let left = drainBytes;
  const end = () => request.socket.destroy();
  // A process that stops does not wait for it, nor does a socket that is gone say so by its request.
  const timer = setTimeout(end, drainUnreadMs).unref();
  request.on("data", (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.socket.once("close", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
