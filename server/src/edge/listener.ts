/**
 * Node's HTTP server as a thin adapter around a {@link Handler}.
 *
 * HTTP/1.1. Bodies may take as long as they take, headers may not. Whatever happens in a handler, the connection ends in
 * a state that the client can tell: an answer, or a connection closed in the middle of one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Closeable } from "../base/lifetime.ts";
import type { EdgeRequest, Handler } from "./http.ts";
import { drain, isStream, writeAnswer } from "./write-answer.ts";

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
    await writeAnswer(response, answer, request.method === "HEAD", gone.signal);
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
