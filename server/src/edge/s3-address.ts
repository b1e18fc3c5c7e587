/**
 * Which bucket a request to S3 addresses: in front of one of our domains, or first in the path.
 */
import { unquote } from "./codecs/query-parameters.ts";
import type { EdgeRequest } from "./http.ts";

/** `rawPath`: without the bucket, still percent-encoded. */
export type S3Address = { bucket: string | undefined; rawPath: string };

export function parseS3Address({ rawPath, headers }: EdgeRequest, baseDomains: readonly string[]): S3Address {
  const host = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const base = baseDomains.find((domain) => host.endsWith(`.${domain.toLowerCase()}`));
  if (base !== undefined) return { bucket: host.slice(0, -base.length - 1), rawPath };
  const slash = rawPath.indexOf("/", 1);
  const first = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash);
  if (first === "") return { bucket: undefined, rawPath };
  return { bucket: unquote(first, "label"), rawPath: slash < 0 ? "/" : rawPath.slice(slash) };
}
