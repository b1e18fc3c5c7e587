/**
 * `--blobs s3://BUCKET/PREFIX?endpoint=https://…&region=…&path-style=true` to what the adapter needs.
 */
import { UsageError } from "./options.ts";

export type S3Location = {
  bucket: string;
  prefix: string;
  region: string;
  endpoint: string | undefined;
  forcePathStyle: boolean;
  /** `undefined`: the AWS SDK's own chain (environment, profile, instance role). */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
};

/** @throws UsageError */
export function parseBlobsUrl(text: string, env: Readonly<Record<string, string | undefined>>): S3Location {
  const url = URL.parse(text);
  if (url === null || url.hostname === "") throw new UsageError(`--blobs must be s3://BUCKET/PREFIX, not ${text}`);
  const known = new Set(["endpoint", "region", "path-style"]);
  for (const name of url.searchParams.keys()) {
    if (!known.has(name)) throw new UsageError(`--blobs knows ?endpoint=, ?region= and ?path-style=, not ${name}`);
  }
  const endpoint = url.searchParams.get("endpoint") ?? undefined;
  const accessKeyId = env.MILLRACE_BLOBS_ACCESS_KEY_ID;
  const secretAccessKey = env.MILLRACE_BLOBS_SECRET_ACCESS_KEY;
  return {
    bucket: url.hostname,
    prefix: url.pathname.replace(/^\/+|\/+$/g, ""),
    region: url.searchParams.get("region") ?? env.AWS_REGION ?? "us-east-1",
    endpoint,
    // Servers that are not AWS seldom have a DNS name for each bucket.
    forcePathStyle: (url.searchParams.get("path-style") ?? String(endpoint !== undefined)) === "true",
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
  };
}
