/**
 * `--master-kms kms://KEY-ARN?endpoint=https://…&region=…` to what opens the master key.
 */
import type { ExternalKey } from "../storage/keys/external-key.ts";
import { UsageError } from "./options.ts";

/** @throws UsageError */
export function parseMasterKmsUrl(text: string, env: Readonly<Record<string, string | undefined>>): ExternalKey {
  // No URL to a URL parser: an ARN is no host.
  const match = /^kms:\/\/(arn:[a-z-]+:kms:([a-z0-9-]+):\d{12}:key\/[A-Za-z0-9-]+)(?:\?(.*))?$/.exec(text);
  if (match === null) throw new UsageError(`--master-kms must be kms://KEY-ARN?endpoint=…&region=…, not ${text}`);
  const [, arn, region, query = ""] = match as unknown as string[];
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (name !== "endpoint" && name !== "region") {
      throw new UsageError(`--master-kms knows ?endpoint= and ?region=, not ${name}`);
    }
  }
  const accessKeyId = env.MILLRACE_MASTER_KMS_ACCESS_KEY_ID;
  const secretAccessKey = env.MILLRACE_MASTER_KMS_SECRET_ACCESS_KEY;
  return {
    arn: arn!,
    region: parameters.get("region") ?? region!,
    endpoint: parameters.get("endpoint") ?? undefined,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
  };
}
