/**
 * Requests that the server makes because a user named the address: issuers of identity tokens, endpoints of
 * notifications.
 *
 * The host is resolved once, every address judged, and the connection made to one of those that passed, so that a name
 * cannot change its meaning in between. Redirects are answers like any other: nobody is led elsewhere. Time and size of
 * the answer are bounded, and it is taken as it comes: nothing is decompressed.
 */
import { lookup } from "node:dns/promises";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { type BlockList, isIP } from "node:net";
import { blockListOf, isInside, isPublicAddress } from "./public-address.ts";

export type SafeFetchOptions = {
  /** Ranges (`10.0.0.0/8`, `::1`) that may be called although they are not of the open internet. */
  allow?: readonly string[];
  /** PEM; certificates to trust beside those that Node does not doubt. */
  ca?: readonly string[];
};

export type SafeRequest = {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Of resolving, connecting and answering together. Default: 10 s. */
  timeoutMs?: number;
  /** Of the answer's body. Default: 1 MiB. */
  maxBytes?: number;
};

export type SafeResponse = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
};

/** @throws UnsafeAddress, CallFailed; the reason of `signal` */
export type SafeFetch = (url: string | URL, request?: SafeRequest) => Promise<SafeResponse>;

/** The address is none that this server may call. */
export class UnsafeAddress extends Error {
  override readonly name = "UnsafeAddress";
}

/** Nobody answered, not in time, or with too much. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
}

/** @throws RangeError for an `allow` that is no range of addresses */
export function createSafeFetch({ allow = [], ca }: SafeFetchOptions = {}): SafeFetch {
  const allowed = blockListOf(allow);
  return async (given, sent = {}) => {
    const url = checkUrl(given);
    const { timeoutMs = 10_000, signal } = sent;
    const late = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? late : AbortSignal.any([signal, late]);
    try {
      const addresses = await untilAborted(resolveHost(url, allowed), either);
      return await call(url, addresses, { ...sent, signal: either }, ca);
    } catch (error) {
      signal?.throwIfAborted();
      if (late.aborted) throw new CallFailed(`${url.origin} did not answer within ${timeoutMs} ms`, { cause: error });
      if (error instanceof UnsafeAddress || error instanceof CallFailed) throw error;
      throw new CallFailed(`${url.origin}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  };
}

type Address = { address: string; family: number };

function checkUrl(given: string | URL): URL {
  const url = URL.parse(given);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new UnsafeAddress(`${given} is no http or https URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UnsafeAddress(`a URL that carries a password is not called: ${url.origin}`);
  }
  return url;
}

/** At least one, all of them allowed. */
async function resolveHost(url: URL, allowed: BlockList): Promise<readonly Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  const found = family === 0 ? await lookup(host, { all: true }) : [{ address: host, family }];
  const usable = found.filter(({ address }) => isPublicAddress(address) || isInside(allowed, address));
  if (usable.length === 0) {
    const addresses = found.map(({ address }) => address).join(", ");
    throw new UnsafeAddress(`${url.host} (${addresses}) is not on the open internet; --allow-callbacks permits ranges`);
  }
  return usable;
}

function call(url: URL, addresses: readonly Address[], sent: SafeRequest, ca?: readonly string[]) {
  const { method = "GET", headers = {}, body, signal, maxBytes = 1 << 20 } = sent;
  const { promise, resolve, reject } = Promise.withResolvers<SafeResponse>();
  const make = url.protocol === "https:" ? secureRequest : plainRequest;
  const request = make(url, {
    method,
    headers: { "accept-encoding": "identity", ...headers },
    signal,
    agent: false,
    // Node asks it for names only; addresses were judged as they stand in the URL.
    lookup: (_host, options, answer) => {
      if (options.all) answer(null, [...addresses]);
      else answer(null, addresses[0]!.address, addresses[0]!.family);
    },
    ...(ca === undefined ? {} : { ca: [...ca] }),
  });
  request.once("error", reject);
  request.once("response", (response) => {
    readAnswer(response, maxBytes, url).then(resolve, reject);
  });
  request.end(body);
  return promise;
}

async function readAnswer(response: IncomingMessage, maxBytes: number, url: URL): Promise<SafeResponse> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early closes the connection.
  for await (const bytes of response as AsyncIterable<Uint8Array>) {
    size += bytes.length;
    if (maxBytes < size) throw new CallFailed(`${url.origin} answered with more than ${maxBytes} bytes`);
    parts.push(bytes);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts, size) };
}

async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
