/**
 * A request for tests of the edge that need no port.
 */
import type { Credentials } from "../../src/edge/credentials.ts";
import type { EdgeRequest } from "../../src/edge/http.ts";

/** `host` comes from the URL unless it is given; dots and slashes in the path stay as they are. */
export function edgeRequest(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body: string | Uint8Array | AsyncIterable<Uint8Array> = "",
): EdgeRequest {
  const [, host, rawPath, rawQuery] = /^https?:\/\/([^/]+)([^?]*)\??(.*)$/s.exec(url)!;
  return {
    method,
    rawPath: rawPath!,
    rawQuery: rawQuery!,
    headers: { host, ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? once(Buffer.from(body)) : body,
    secure: false,
    remoteAddress: "127.0.0.1",
    signal: new AbortController().signal,
  };
}

async function* once(bytes: Uint8Array) {
  if (bytes.length > 0) yield bytes;
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const bytes of body) parts.push(bytes);
  return Buffer.concat(parts);
}

/** Root of account 000000000000, under one key. */
export function oneKey(accessKeyId: string, secret: string): Credentials {
  const principalArn = "arn:aws:iam::000000000000:root";
  const credential = { accessKeyId, secret, accountId: "000000000000", principalArn, isRoot: true };
  return { find: async (id) => (id === accessKeyId ? credential : undefined) };
}
