/**
 * Node's HTTP server as a thin adapter around a {@link Handler}.
 *
 * HTTP/1.1. Bodies may take as long as they take, headers may not. Whatever happens in a handler, the connection ends in
 * a state that the client can tell: an answer, or a connection closed in the middle of one.
 */
import { constants } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Closeable } from "../base/lifetime.ts";
import { type ConnectionLimits, connectionLimits, guardConnections } from "./connections.ts";
import type { EdgeRequest, Handler } from "./http.ts";
import { RequestBody } from "./request-body.ts";
import { drain, isStream, writeAnswer } from "./write-answer.ts";

export interface Listener extends Closeable {
  readonly port: number;
  /** `http://host:port`, as a client on this machine addresses it. */
  readonly url: string;
}

/** PEM. */
export type CertifiedKey = { cert: string; key: string };

/** What a listener shows its clients. */
export interface Certificates {
  readonly current: CertifiedKey;
  /** Told of each that takes the place of the last. */
  watch(changed: (now: CertifiedKey) => void): void;
}

export type ListenerOptions = {
  handler: Handler;
  host: string;
  /** 0: a free one. */
  port: number;
  /** Without: plain HTTP. */
  certificates?: Certificates;
  limits?: Partial<ConnectionLimits>;
  /** Of the headers of a request. */
  headersTimeoutMs?: number;
  /** How long `close` lets answers that have begun go on. */
  drainMs?: number;
};

/** Longer than clients keep theirs, so that they close first and none meets a connection that is just going. */
const keepAliveTimeout = 75_000;
const maxHeaderSize = 64 << 10;
const maxHeaders = 200;

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { handler, host, port, certificates, limits, headersTimeoutMs = 30_000, drainMs = 10_000 } = options;
  const secure = certificates !== undefined;
  const server = openServer(certificates, {
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: Math.min(30_000, headersTimeoutMs),
    keepAliveTimeout,
    maxHeaderSize,
    requestTimeout: 0,
    allowHalfOpen: true,
  });
  // Beyond a number Node would leave headers out without a word; their size is bounded, and we count them.
  server.maxHeadersCount = 0;
  const guard = guardConnections(server, { ...connectionLimits, ...limits });
  let closing = false;
  // An answer that had begun before left its connection open for more.
  const leave = () => {
    if (closing) setImmediate(() => server.closeIdleConnections());
  };
  const serve = (request: IncomingMessage, response: ServerResponse, continues: boolean) => {
    const gone = new AbortController();
    const closed = () => {
      if (!response.writableFinished) gone.abort(new Error("the client went away"));
    };
    if (!guard.admit(response, request.socket, closed)) return;
    if (closing) response.setHeader("connection", "close");
    if (maxHeaders * 2 < request.rawHeaders.length) {
      response.writeHead(431, { connection: "close" }).end();
      return;
    }
    response.on("close", leave);
    request.on("close", leave);
    // An error of the request or the answer is the client's going: "close" tells of it.
    request.on("error", ignore);
    response.on("error", ignore);
    void answer(handler, request, response, { continues, secure, signal: gone.signal });
  };
  server.on("request", (request, response) => serve(request, response, false));
  server.on("checkContinue", (request, response) => serve(request, response, true));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else socket.end(refusalOf(error.code), () => socket.destroy());
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
    url: `${secure ? "https" : "http"}://${shownHost}:${bound}`,
    close() {
      closing = true;
      closed ??= new Promise<void>((resolve) => {
        const timer = setTimeout(() => guard.closeAll(), drainMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
        // One whose answer is just over is not idle yet.
        leave();
      });
      return closed;
    },
  };
}

function refusalOf(code = ""): string {
  return `HTTP/1.1 ${brokenRequests[code] ?? "400 Bad Request"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
}

/** By Node's code; others are 400. */
const brokenRequests: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Authenticated encryption with a new key for each connection, and nothing else. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

const secureOptions = { minVersion: "TLSv1.2", ciphers, secureOptions: constants.SSL_OP_NO_RENEGOTIATION } as const;

function openServer(
  certificates: Certificates | undefined,
  options: ServerOptions & { allowHalfOpen: boolean },
): Server {
  if (certificates === undefined) return createServer(options);
  const server = createSecureServer({
    ...options,
    ...secureOptions,
    ...certificates.current,
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: options.headersTimeout,
  });
  certificates.watch((now) => server.setSecureContext({ ...secureOptions, ...now }));
  return server;
}

async function answer(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  { continues, secure, signal }: { continues: boolean; secure: boolean; signal: AbortSignal },
): Promise<void> {
  try {
    const body = continues ? afterContinue(request, response) : new RequestBody(request);
    const answer = await handler(edgeRequest(request, body, secure, signal));
    // An answer in pieces may be one to what still comes.
    if (isUnread(request) && !isStream(answer.body)) response.setHeader("connection", "close");
    await writeAnswer(response, answer, request.method === "HEAD", signal);
    if (isUnread(request)) drain(request);
  } catch {
    // The handler never throws: only a body that broke off in the middle of its answer comes here.
    response.destroy();
  }
}

function ignore(): void {}

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
  yield* new RequestBody(request);
}

/** There is more of its body to come. */
function isUnread(request: IncomingMessage): boolean {
  if (request.complete) return false;
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}
