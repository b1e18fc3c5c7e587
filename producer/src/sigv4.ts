/**
 * Signature Version 4 by Web Crypto, for the requests of this package: POST, no query, the service `kinesisvideo`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
import type { Credentials } from "./credentials.ts";

export type SignOptions = {
  url: string;
  /** All are signed; lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Hashed. PutMedia signs the empty one, as its body has no end yet. */
  body: string;
  credentials: Credentials;
  region: string;
  /** Milliseconds since the epoch. */
  nowMs: number;
};

/** The headers to send, without `host`, which follows from the URL. */
export async function signHeaders(options: SignOptions): Promise<Record<string, string>> {
  const { url, body, credentials, region, nowMs } = options;
  const { host, pathname } = new URL(url);
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = { ...options.headers, "x-amz-date": timestamp };
  if (credentials.sessionToken !== undefined) headers["x-amz-security-token"] = credentials.sessionToken;

  const signed = Object.entries({ host, ...headers }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}\n`).join("");
  const canonical = ["POST", canonicalPath(pathname), "", lines, names, await sha256Hex(body)].join("\n");

  const date = timestamp.slice(0, 8);
  const scope = `${date}/${region}/kinesisvideo/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", timestamp, scope, await sha256Hex(canonical)].join("\n");
  let key: Key = encoder.encode(`AWS4${credentials.secretAccessKey}`);
  for (const part of [date, region, "kinesisvideo", "aws4_request"]) key = await hmac(key, part);
  const signature = hex(await hmac(key, text));
  const credential = `${credentials.accessKeyId}/${scope}`;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return headers;
}

const encoder = new TextEncoder();

type Key = ArrayBuffer | Uint8Array<ArrayBuffer>;

/** Escaped once more than it is on the wire, as for every service but S3. */
function canonicalPath(path: string): string {
  const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  return path.replace(/[^A-Za-z0-9\-._~/]/g, percent);
}

async function sha256Hex(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

async function hmac(key: Key, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, encoder.encode(text));
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
