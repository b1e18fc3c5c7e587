/**
 * What a request says about its own signature: where the parts stand and whether they are whole. Believes nothing yet.
 */
import { authError } from "./auth-errors.ts";
import { parseQuery, type Scope } from "./canonical.ts";
import { parseTimestamp, timestampOf } from "./timestamp.ts";

export type Claim = {
  kind: "header" | "presigned";
  accessKeyId: string;
  scope: Scope;
  /** In the order of the client, lower-case as it must be. */
  signedHeaders: ReadonlySet<string>;
  signature: string;
  timestamp: string;
  timeMs: number;
  /** Of links only. */
  expiresSeconds?: number;
  token?: string;
};

type Signed = {
  rawQuery: string;
  headers: Readonly<Record<string, string | undefined>>;
};

const algorithm = "AWS4-HMAC-SHA256";

/**
 * Where the proof stands. `undefined`: there is none, nobody claims to be anybody.
 *
 * @throws ServiceError when header and query carry one each
 */
export function proofKind(request: Signed, service: string): "header" | "presigned" | "presigned-v2" | undefined {
  const header = request.headers.authorization;
  if (request.rawQuery === "") return header === undefined ? undefined : "header";
  const query = new Set(parseQuery(request.rawQuery).map(([name]) => name.toString("latin1")));
  const v4 = query.has("X-Amz-Algorithm") || query.has("X-Amz-Credential") || query.has("X-Amz-Signature");
  const v2 = query.has("AWSAccessKeyId") && query.has("Signature");
  if (header !== undefined && (v4 || v2)) {
    const message =
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified";
    const members = { ArgumentName: "Authorization", ArgumentValue: header };
    throw authError(service, "twoProofs", message, { members });
  }
  return header !== undefined ? "header" : v4 ? "presigned" : v2 ? "presigned-v2" : undefined;
}

/**
 * The service that a request is signed for, however broken the rest of its proof is: whom to ask, and which protocol to
 * answer in. Never throws. Links of version 2 name none, and are S3's.
 */
export function claimedService({ headers, rawQuery }: Signed): string | undefined {
  const fromHeader = /Credential=[^,\s]*\/([a-z0-9-]+)\/aws4_request/.exec(headers.authorization?.slice(0, 4096) ?? "");
  if (fromHeader) return fromHeader[1];
  if (rawQuery === "") return undefined;
  const query = new Map(parseQuery(rawQuery).map(([name, value]) => [name.toString("latin1"), value]));
  const credential = query.get("X-Amz-Credential")?.toString("latin1").slice(-128);
  if (credential !== undefined) return /\/([a-z0-9-]+)\/aws4_request$/.exec(credential)?.[1];
  return query.has("AWSAccessKeyId") && query.has("Signature") && query.has("Expires") ? "s3" : undefined;
}

/** @throws ServiceError malformed, SigV4A, or without a date */
export function parseHeaderClaim(headers: Signed["headers"], service: string): Claim {
  const authorization = headers.authorization ?? "";
  const malformed = (message: string) => authError(service, "malformedHeader", message);
  const blank = authorization.indexOf(" ");
  const scheme = blank < 0 ? authorization : authorization.slice(0, blank);
  if (scheme.startsWith("AWS4-ECDSA-P256")) throw sigV4A(service);
  if (scheme !== algorithm) {
    throw malformed(`Unsupported authorization type: the Authorization header must begin with ${algorithm}`);
  }

  const parts: { [Name in (typeof headerParts)[number]]?: string } = {};
  for (const part of authorization.slice(scheme.length).split(",")) {
    const equals = part.indexOf("=");
    const name = trimmed(part.slice(0, equals));
    if (equals < 0) throw malformed("Every part of the Authorization header must read name=value");
    if (!isHeaderPart(name) || parts[name] !== undefined) {
      throw malformed("The Authorization header takes Credential, SignedHeaders and Signature, each once");
    }
    parts[name] = trimmed(part.slice(equals + 1));
  }
  const { Credential, Signature, SignedHeaders } = parts;
  if (!Credential || !Signature || !SignedHeaders) {
    const missing = headerParts.filter((name) => !parts[name]);
    throw malformed(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(" "));
  }

  const timestamp = headerTimestamp(headers, service);
  const { accessKeyId, scope } = parseCredential(Credential, timestamp, service, malformed);
  return {
    kind: "header",
    accessKeyId,
    scope,
    signedHeaders: parseSignedHeaders(SignedHeaders, malformed),
    signature: Signature,
    timestamp,
    // A `Date` past the year 9999 is one, but has no timestamp; it is as far off as any.
    timeMs: parseTimestamp(timestamp) ?? Number.POSITIVE_INFINITY,
    token: headers["x-amz-security-token"] || undefined,
  };
}

const headerParts = ["Credential", "Signature", "SignedHeaders"] as const;

function isHeaderPart(name: string): name is (typeof headerParts)[number] {
  return name === "Credential" || name === "SignedHeaders" || name === "Signature";
}

/** Of HTTP's own blanks: the language's include others, like that of byte 0xA0. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text, from)) from++;
  while (from < to && isBlank(text, to - 1)) to--;
  return text.slice(from, to);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\t";
}

/** @throws ServiceError malformed, SigV4A, or with a part missing or doubled */
export function parseQueryClaim(rawQuery: string, service: string): Claim {
  const malformed = (message: string) => authError(service, "malformedQuery", message);
  const query = new Map<string, string>();
  for (const [nameBytes, value] of parseQuery(rawQuery)) {
    const name = nameBytes.toString("latin1");
    if (!queryParts.has(name)) continue;
    if (query.has(name)) throw malformed(`${name} must not be given twice`);
    query.set(name, value.toString("latin1"));
  }
  const part = (name: string) => {
    const value = query.get(name);
    if (value) return value;
    const all =
      "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires";
    throw malformed(`Query-string authentication version 4 requires the ${all} parameters.`);
  };
  const scheme = part("X-Amz-Algorithm");
  if (scheme.startsWith("AWS4-ECDSA-P256")) throw sigV4A(service);
  if (scheme !== algorithm) throw malformed(`X-Amz-Algorithm only supports "${algorithm}"`);

  const timestamp = part("X-Amz-Date");
  const timeMs = parseTimestamp(timestamp);
  if (timeMs === undefined) throw malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  const expires = part("X-Amz-Expires");
  if (!/^-?\d+$/.test(expires)) throw malformed("X-Amz-Expires should be a number");
  const expiresSeconds = Number(expires);
  if (expiresSeconds < 1) throw malformed("X-Amz-Expires must be positive");
  if (604800 < expiresSeconds) {
    const limit = "the given X-Amz-Expires must be less than 604800 seconds";
    throw malformed(`X-Amz-Expires must be less than a week (in seconds); that is, ${limit}`);
  }
  return {
    kind: "presigned",
    ...parseCredential(part("X-Amz-Credential"), timestamp, service, malformed),
    signedHeaders: parseSignedHeaders(part("X-Amz-SignedHeaders"), malformed),
    signature: part("X-Amz-Signature"),
    timestamp,
    timeMs,
    expiresSeconds,
    token: query.get("X-Amz-Security-Token") || undefined,
  };
}

const queryParts = new Set([
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-SignedHeaders",
  "X-Amz-Signature",
  "X-Amz-Security-Token",
]);

/** `KEY/date/region/service/aws4_request`, for `service` and the day that `timestamp` names. */
export function parseCredential(
  text: string,
  timestamp: string,
  service: string,
  malformed: (message: string) => Error,
): { accessKeyId: string; scope: Scope } {
  const parts = text.split("/");
  const [accessKeyId, date, region, signedService, terminator] = parts;
  if (!accessKeyId || !date || !region || !signedService || parts.length !== 5) {
    throw malformed(
      "The Credential is malformed; expecting <your-access-key-id>/YYYYMMDD/REGION/SERVICE/aws4_request.",
    );
  }
  const wrong = (message: string) =>
    service === "s3" ? malformed(message) : authError(service, "wrongScope", message);
  if (terminator !== "aws4_request") throw wrong("Credential should be scoped with a valid terminator: 'aws4_request'");
  if (signedService !== service) throw wrong(`Credential should be scoped to correct service: '${service}'.`);
  if (date !== timestamp.slice(0, 8)) {
    const dates = `'${date}' != '${timestamp.slice(0, 8)}'`;
    throw wrong(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ${dates}`);
  }
  return { accessKeyId, scope: { date, region, service: signedService } };
}

const maxLists = 200;
const maxListCharacters = 500;
const lists = new Map<string, ReadonlySet<string>>();

/** Clients send the same few lists again and again: some are remembered. */
function parseSignedHeaders(text: string, malformed: (message: string) => Error): ReadonlySet<string> {
  const known = lists.get(text);
  if (known !== undefined) return known;
  const names = text.split(";");
  const distinct = new Set(names);
  if (names.some((name) => !/^[a-z0-9!#$%&'*+\-.^_`|~]+$/.test(name)) || distinct.size < names.length) {
    throw malformed("SignedHeaders must be a list of lower-case header names, each once, with ; between them");
  }
  if (text.length <= maxListCharacters) {
    if (lists.size === maxLists) lists.delete(lists.keys().next().value!);
    lists.set(text, distinct);
  }
  return distinct;
}

function headerTimestamp(headers: Signed["headers"], service: string): string {
  const amzDate = headers["x-amz-date"];
  if (amzDate !== undefined && parseTimestamp(amzDate) !== undefined) return amzDate;
  const date = amzDate ?? headers.date;
  const timeMs = date === undefined ? Number.NaN : (parseTimestamp(date) ?? Date.parse(date));
  if (Number.isNaN(timeMs)) {
    throw authError(service, "noDate", "AWS authentication requires a valid Date or x-amz-date header");
  }
  return timestampOf(timeMs);
}

function sigV4A(service: string): Error {
  return authError(service, "notImplemented", "Signatures of AWS4-ECDSA-P256-SHA256 (SigV4A) are not supported here.");
}
