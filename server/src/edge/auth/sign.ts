/**
 * Signs requests and links with Signature Version 4, as our command line and the tests send them.
 *
 * URLs are signed as they are written, dots and double slashes included; the caller sends them the same way.
 */
import type { Clock } from "../../base/clock.ts";
import {
  buildCanonicalRequest,
  buildStringToSign,
  canonicalHeaderValue,
  canonicalPath,
  canonicalQuery,
  emptyBodyHash,
  percentEncode,
  type Scope,
  scopeText,
  sha256Hex,
} from "./canonical.ts";
import { signatureOf, signingKey } from "./signing-key.ts";
import { timestampOf } from "./timestamp.ts";

export type SigningCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

export type SignRequest = {
  method: string;
  url: string | URL;
  /** All are signed, but for `unsignedHeaders`. `host` comes from the URL unless it is given. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Instead of the body's hash: `UNSIGNED-PAYLOAD`, one of the `STREAMING-…` names, or a hash known beforehand. */
  payloadHash?: string;
  /** Whether to send `x-amz-content-sha256`. The JS SDK does for every service, boto3 for S3 only. Default: send. */
  sendPayloadHash?: boolean;
  unsignedHeaders?: readonly string[];
  credentials: SigningCredentials;
  service: string;
  region: string;
  clock: Clock;
};

/** The headers to send: lower-case names, without `host`, which `fetch` sets itself. */
export function signRequest(request: SignRequest): Record<string, string> {
  return signedRequest(request).headers;
}

/** {@link signRequest} with what a chain of chunk signatures starts from. */
export function signedRequest(request: SignRequest): {
  headers: Record<string, string>;
  signature: string;
  timestamp: string;
  scope: Scope;
} {
  const { credentials, service, region, unsignedHeaders = [] } = request;
  const { host, path, query } = splitUrl(request.url);
  const timestamp = timestampOf(request.clock());
  const scope = { date: timestamp.slice(0, 8), region, service };
  const payloadHash = request.payloadHash ?? sha256Hex(request.body ?? "");
  const headers: Record<string, string> = { ...lowerCaseNames(request.headers), "x-amz-date": timestamp };
  if (credentials.sessionToken !== undefined) headers["x-amz-security-token"] = credentials.sessionToken;
  if (request.sendPayloadHash !== false) headers["x-amz-content-sha256"] = payloadHash;

  const signed = canonicalHeaders({ host, ...headers }, unsignedHeaders);
  const signature = signatureFor(request, timestamp, { path, query, headers: signed, payloadHash });
  const credential = `${credentials.accessKeyId}/${scopeText(scope)}`;
  const signedHeaders = signed.map(([name]) => name).join(";");
  delete headers.host;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return { headers, signature, timestamp, scope };
}

export type PresignRequest = Pick<
  SignRequest,
  "method" | "url" | "headers" | "payloadHash" | "credentials" | "service" | "region" | "clock"
> & {
  /** 1 to 604800. */
  expiresSeconds: number;
};

/** A link that carries its own proof. Whoever uses it must send `headers` as they are given here. */
export function presignUrl(request: PresignRequest): string {
  const { credentials, service, region } = request;
  const { origin, host, path, query } = splitUrl(request.url);
  const timestamp = timestampOf(request.clock());
  const scope = { date: timestamp.slice(0, 8), region, service };
  const headers = canonicalHeaders({ host, ...lowerCaseNames(request.headers) });
  const proof = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${credentials.accessKeyId}/${scopeText(scope)}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(request.expiresSeconds),
    ...(credentials.sessionToken === undefined ? {} : { "X-Amz-Security-Token": credentials.sessionToken }),
    "X-Amz-SignedHeaders": headers.map(([name]) => name).join(";"),
  };
  const added = Object.entries(proof).map(([name, value]) => `${name}=${percentEncode(Buffer.from(value))}`);
  const fullQuery = [...(query === "" ? [] : [query]), ...added].join("&");
  const payloadHash = request.payloadHash ?? (service === "s3" ? "UNSIGNED-PAYLOAD" : emptyBodyHash);
  const signature = signatureFor(request, timestamp, { path, query: fullQuery, headers, payloadHash });
  return `${origin}${path}?${fullQuery}&X-Amz-Signature=${signature}`;
}

function signatureFor(
  { method, service, region, credentials }: Pick<SignRequest, "method" | "service" | "region" | "credentials">,
  timestamp: string,
  parts: { path: string; query: string; headers: readonly (readonly [string, string])[]; payloadHash: string },
): string {
  const scope = { date: timestamp.slice(0, 8), region, service };
  const path = canonicalPath(parts.path, service);
  const canonicalRequest = buildCanonicalRequest({ ...parts, method, path, query: canonicalQuery(parts.query) });
  const stringToSign = buildStringToSign(timestamp, scope, canonicalRequest);
  return signatureOf(signingKey(credentials.secretAccessKey, scope), stringToSign);
}

function canonicalHeaders(headers: Readonly<Record<string, string>>, without: readonly string[] = []) {
  return Object.entries(headers)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => [name, canonicalHeaderValue(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** By hand, because `URL` resolves the dots that S3 keys may hold. */
function splitUrl(url: string | URL): { origin: string; host: string; path: string; query: string } {
  const match = /^(https?:\/\/([^/?#]+))([^?#]*)(?:\?([^#]*))?/.exec(String(url));
  if (!match) throw new TypeError(`not an http(s) URL: ${url}`);
  const [, origin, host, path, query] = match;
  return { origin: origin!, host: host!, path: path || "/", query: query ?? "" };
}

function lowerCaseNames(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
