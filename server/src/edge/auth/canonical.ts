/**
 * Signature Version 4: from a request to the text that is signed.
 *
 * Pure, and shared by the verifier (authenticate.ts) and the signer (sign.ts). Works on bytes as they came over the
 * wire, so that what does not decode as UTF-8 is signed as sent too.
 *
 * @see "Create a signed AWS API request", IAM user guide
 */
import { hash } from "node:crypto";

export const emptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export type Scope = { date: string; region: string; service: string };

export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/** `headers`: pairs of lower-case name and canonical value, in the order of the signed-header list. */
export function buildCanonicalRequest(parts: {
  method: string;
  path: string;
  query: string;
  headers: readonly (readonly [name: string, value: string])[];
  payloadHash: string;
}): string {
  let headerLines = "";
  let signedHeaders = "";
  for (const [name, value] of parts.headers) {
    headerLines += `${name}:${value}\n`;
    signedHeaders += signedHeaders === "" ? name : `;${name}`;
  }
  return `${parts.method}\n${parts.path}\n${parts.query}\n${headerLines}\n${signedHeaders}\n${parts.payloadHash}`;
}

export function buildStringToSign(timestamp: string, scope: Scope, canonicalRequest: string): string {
  return `AWS4-HMAC-SHA256\n${timestamp}\n${scopeText(scope)}\n${sha256Hex(canonicalRequest)}`;
}

/**
 * S3 encodes each segment once and keeps `//`, `.` and `..`; every other service resolves those and encodes what is
 * already encoded a second time.
 */
export function canonicalPath(rawPath: string, service: string): string {
  if (service === "s3") return isPlain(rawPath) ? rawPath || "/" : encodePath(percentDecode(rawPath)) || "/";
  const segments: string[] = [];
  for (const segment of rawPath.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const path = `/${segments.join("/")}`;
  return encodePath(Buffer.from(rawPath.endsWith("/") && path !== "/" ? `${path}/` : path, wireEncoding(path)));
}

/** Decoded, encoded anew and sorted by encoded name, then value. `without` names one parameter to leave out. */
export function canonicalQuery(rawQuery: string, without?: string): string {
  if (rawQuery === "") return "";
  return parseQuery(rawQuery)
    .filter(([name]) => name.toString("latin1") !== without)
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : b < a ? 1 : x < y ? -1 : y < x ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** The query's pairs in order, decoded to bytes. `+` means a blank, as browsers and boto3 write it; signers send %20. */
export function parseQuery(rawQuery: string): [name: Buffer, value: Buffer][] {
  const pairs: [Buffer, Buffer][] = [];
  for (const part of rawQuery.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? "" : part.slice(equals + 1);
    pairs.push([percentDecode(name.replaceAll("+", " ")), percentDecode(value.replaceAll("+", " "))]);
  }
  return pairs;
}

/** Trimmed, with inner runs of blanks as one. Only ASCII's: `\s` also matches a byte of UTF-8's "à". */
export function canonicalHeaderValue(value: string): string {
  return /\t| {2}|^ | $/.test(value) ? value.replace(/[ \t]+/g, " ").replace(/^ | $/g, "") : value;
}

/** RFC 3986: all but unreserved characters as `%XX`. */
export function percentEncode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += encodedByte[byte];
  return text;
}

function encodePath(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte === 0x2f ? "/" : encodedByte[byte];
  return text;
}

/** Of characters that stand for themselves, encoded and decoded. */
function isPlain(path: string): boolean {
  return /^[A-Za-z0-9\-_.~/]*$/.test(path);
}

/** A `%` that no two hex digits follow stands for itself. */
export function percentDecode(text: string): Buffer {
  const bytes = Buffer.from(text, wireEncoding(text));
  let to = bytes.indexOf(0x25);
  if (to < 0) return bytes;
  for (let at = to; at < bytes.length; at++) {
    const high = bytes[at] === 0x25 ? hexDigit(bytes[at + 1]) : -1;
    const low = 0 <= high ? hexDigit(bytes[at + 2]) : -1;
    if (low < 0) bytes[to++] = bytes[at]!;
    else {
      bytes[to++] = high * 16 + low;
      at += 2;
    }
  }
  return bytes.subarray(0, to);
}

export function sha256Hex(data: string | Uint8Array): string {
  const isWritten = typeof data === "string" && /[^\x00-\x7f]/.test(data);
  return hash("sha256", isWritten ? Buffer.from(data, wireEncoding(data)) : data);
}

/** Node hands out header bytes as latin1; only text that never was on the wire can hold more. */
function wireEncoding(text: string): "latin1" | "utf8" {
  return /[^\x00-\xff]/.test(text) ? "utf8" : "latin1";
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (0x30 <= byte && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return 0x61 <= letter && letter <= 0x66 ? letter - 0x57 : -1;
}

const encodedByte: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-_.~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});
