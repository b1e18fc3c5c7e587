/**
 * What a request says about an object beside its bytes: headers to give back, metadata, tags, storage class. And what
 * it asks for that is not done here, which is refused instead of being stored without.
 */
import type { PutObjectRequest } from "@aws-sdk/client-s3";
import type { ObjectDescription } from "../../storage/records/objects.ts";
import {
  aclsDisabled,
  headerNotDone,
  invalidArgument,
  invalidStorageClass,
  keyTooLong,
  metadataTooLarge,
} from "./errors.ts";
import { parseTagHeader } from "./tags.ts";

type Described = Pick<
  PutObjectRequest,
  | "CacheControl"
  | "ContentDisposition"
  | "ContentEncoding"
  | "ContentLanguage"
  | "ContentType"
  | "Metadata"
  | "StorageClass"
  | "Tagging"
  | "WebsiteRedirectLocation"
>;

/** `expires`: the header as it was sent. The model makes a date of it, and S3 keeps any text. */
export function descriptionOf(input: Described, expires: string | undefined): ObjectDescription {
  const headers: Record<string, string> = { "content-type": input.ContentType || "binary/octet-stream" };
  const keep = (name: string, value: string | undefined) => {
    if (value) headers[name] = value;
  };
  keep("cache-control", input.CacheControl);
  keep("content-disposition", input.ContentDisposition);
  keep("content-encoding", withoutFraming(input.ContentEncoding));
  keep("content-language", input.ContentLanguage);
  keep("expires", expires);
  keep("x-amz-website-redirect-location", input.WebsiteRedirectLocation);
  return {
    storageClass: checkStorageClass(input.StorageClass),
    headers,
    metadata: checkMetadata(input.Metadata),
    tags: parseTagHeader(input.Tagging),
  };
}

/** `aws-chunked` says how the body was framed on its way, not how the object is encoded. */
function withoutFraming(encoding: string | undefined): string | undefined {
  const kept = encoding?.split(",").filter((coding) => coding.trim().toLowerCase() !== "aws-chunked");
  return kept?.join(",").trim();
}

const storageClasses = new Set([
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "OUTPOSTS",
  "GLACIER_IR",
  "SNOW",
  "EXPRESS_ONEZONE",
  "FSX_OPENZFS",
  "FSX_ONTAP",
]);

/** All classes lie in the same place; the name is kept and given back. */
export function checkStorageClass(storageClass: string | undefined): string {
  if (!storageClass) return "STANDARD";
  if (!storageClasses.has(storageClass)) throw invalidStorageClass(storageClass);
  return storageClass;
}

export function checkMetadata(metadata: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const entries = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (2048 < size) throw metadataTooLarge(size);
  return Object.fromEntries(entries);
}

/** Keys are any text that a database can hold, up to 1,024 bytes. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (1024 < size) throw keyTooLong(size);
  if (key.includes("\0")) throw invalidArgument("The key must not contain a null character.", "key", key);
}

type Privileges = { ACL?: string } & Partial<
  Record<"GrantFullControl" | "GrantRead" | "GrantReadACP" | "GrantWrite" | "GrantWriteACP", string>
>;

/** As buckets with ownership enforced, which is AWS's default: only ACLs that give nothing away. */
export function checkAcl(input: Privileges): void {
  const grants = [input.GrantFullControl, input.GrantRead, input.GrantReadACP, input.GrantWrite, input.GrantWriteACP];
  if (grants.some((grant) => grant !== undefined)) throw aclsDisabled();
  const harmless = ["private", "bucket-owner-full-control", "bucket-owner-read"];
  if (input.ACL !== undefined && !harmless.includes(input.ACL)) throw aclsDisabled();
}

const notDoneHeaders = {
  ObjectLockMode: "x-amz-object-lock-mode",
  ObjectLockRetainUntilDate: "x-amz-object-lock-retain-until-date",
  ObjectLockLegalHoldStatus: "x-amz-object-lock-legal-hold",
  WriteOffsetBytes: "x-amz-write-offset-bytes",
} as const;

const notDoneMembers = Object.keys(notDoneHeaders) as (keyof typeof notDoneHeaders)[];

/** Locks and appends that somebody relies on must not be left out silently. */
export function refuseNotDone(input: Partial<Record<keyof typeof notDoneHeaders, unknown>>): void {
  for (const member of notDoneMembers) if (input[member] !== undefined) throw headerNotDone(notDoneHeaders[member]);
}
