/**
 * Which bucket a request to S3 addresses: in front of one of our domains, or first in the path.
 */
import { unquote } from "./codecs/query-parameters.ts";
import type { EdgeRequest } from "./http.ts";

/** `rawPath`: without the bucket, still percent-encoded. */
export type S3Address = { bucket: string | undefined; rawPath: string };

type Addressed = Pick<EdgeRequest, "rawPath" | "headers">;

export function parseS3Address({ rawPath, headers }: Addressed, baseDomains: readonly string[]): S3Address {
  const hosted = bucketOfHost(headers, baseDomains);
  if (hosted !== undefined) return { bucket: hosted, rawPath };
  const slash = rawPath.indexOf("/", 1);
  const first = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash);
  if (first === "") return { bucket: undefined, rawPath };
  return { bucket: unquote(first, "label"), rawPath: slash < 0 ? "/" : rawPath.slice(slash) };
}

/** One domain may end in another one: the longest decides, and a domain by itself names no bucket. */
export function bucketOfHost({ host }: EdgeRequest["headers"], baseDomains: readonly string[]): string | undefined {
  if (host === undefined || baseDomains.length === 0) return undefined;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  let longest = "";
  for (const domain of baseDomains) {
    const end = domain.toLowerCase();
    if (longest.length < end.length && (name === end || name.endsWith(`.${end}`))) longest = end;
  }
  const bucketEnds = name.length - longest.length - 1;
  return longest !== "" && 0 < bucketEnds ? name.slice(0, bucketEnds) : undefined;
}
