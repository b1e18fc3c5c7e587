/**
 * Links of Signature Version 2, which `aws s3 presign` and boto3 still make for a custom endpoint in us-east-1.
 *
 * @see "Signing and authenticating REST requests", query string request authentication alternative, S3 user guide
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { ServiceError } from "../../services/service-error.ts";
import type { Credential, Credentials } from "../credentials.ts";
import type { EdgeRequest } from "../http.ts";
import { bucketOfHost } from "../s3-address.ts";
import { checkToken, unknownKey, wrongSignature } from "./auth-errors.ts";
import { canonicalHeaderValue, parseQuery } from "./canonical.ts";
import { equalSignatures } from "./signing-key.ts";

export type V2LinkOptions = { credentials: Credentials; clock: Clock; s3BaseDomains?: readonly string[] };

/** Whose link it is. @throws ServiceError as S3 words it */
export async function verifyV2Link(request: EdgeRequest, options: V2LinkOptions): Promise<Credential> {
  const query = new Map<string, string>();
  for (const [name, value] of parseQuery(request.rawQuery)) {
    const key = name.toString("latin1");
    if (query.has(key)) throw denied(`The query parameter ${key} must not be given twice.`);
    query.set(key, value.toString("latin1"));
  }
  const accessKeyId = query.get("AWSAccessKeyId") ?? "";
  const signature = query.get("Signature") ?? "";
  const expires = query.get("Expires");
  if (expires === undefined) {
    throw denied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
  }
  if (!/^\d{1,12}$/.test(expires)) throw denied(`Invalid date (should be seconds since epoch): ${expires}`);
  const now = options.clock();
  if (Number(expires) * 1000 < now) {
    const members = { Expires: iso(Number(expires) * 1000), ServerTime: iso(now) };
    throw new ServiceError("AccessDenied", 403, "Request has expired", { members });
  }
  const token = query.get("x-amz-security-token") || request.headers["x-amz-security-token"] || undefined;
  const credential = await options.credentials.find(accessKeyId, token);
  if (!credential) throw unknownKey(accessKeyId, "s3", token);

  const text = stringToSign(request, query, resourcePath(request, options.s3BaseDomains ?? []));
  if (!equalSignatures(hmacSha1Base64(credential.secret, text), signature)) {
    throw wrongSignature(accessKeyId, signature, "s3", { stringToSign: text });
  }
  checkToken(credential, token, "s3", now);
  return credential;
}

export function hmacSha1Base64(secret: string, text: string): string {
  return createHmac("sha1", secret).update(text, "latin1").digest("base64");
}

/** boto3 moves the x-amz-* headers and the content headers that it signs into the query. */
function stringToSign({ method, headers }: EdgeRequest, query: ReadonlyMap<string, string>, path: string): string {
  const amz = new Map([...query].filter(([name]) => name.startsWith("x-amz-")));
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("x-amz-") && value !== undefined) amz.set(name, value);
  }
  const amzLines = [...amz]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${canonicalHeaderValue(value)}\n`);
  const subresources = [...query]
    .filter(([name]) => signedParameters.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  const resource = path + (subresources.length === 0 ? "" : `?${subresources.join("&")}`);
  const md5 = headers["content-md5"] ?? query.get("content-md5") ?? "";
  const type = headers["content-type"] ?? query.get("content-type") ?? "";
  return `${method}\n${md5}\n${type}\n${query.get("Expires")}\n${amzLines.join("")}${resource}`;
}

/**
 * With the bucket in front when the host names it. There must be one reading only: the host itself is not signed, and a
 * link to `/b/key` must not open `b/key` in another bucket.
 */
function resourcePath({ rawPath, headers }: EdgeRequest, baseDomains: readonly string[]): string {
  const bucket = bucketOfHost(headers, baseDomains);
  return bucket === undefined ? rawPath : `/${bucket}${rawPath}`;
}

const signedParameters = new Set([
  "acl",
  "cors",
  "delete",
  "lifecycle",
  "location",
  "logging",
  "notification",
  "partNumber",
  "policy",
  "requestPayment",
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
  "restore",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versionId",
  "versioning",
  "versions",
  "website",
]);

function denied(message: string): ServiceError {
  return new ServiceError("AccessDenied", 403, message);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+/, "");
}
