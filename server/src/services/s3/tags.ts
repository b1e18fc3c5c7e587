/**
 * The rules of tags, for objects and buckets.
 */
import type { Tag } from "../../storage/records/buckets.ts";
import { invalidTag, malformedXml } from "./errors.ts";

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** `limit`: 10 for an object, 50 for a bucket. */
export function checkTags(
  tags: readonly { Key: string | undefined; Value: string | undefined }[] | undefined,
  limit: number,
): readonly Tag[] {
  if (tags === undefined) throw malformedXml();
  if (limit < tags.length)
    throw invalidTag(`${limit === 10 ? "Object" : "Bucket"} tags cannot be greater than ${limit}`);
  const seen = new Set<string>();
  return tags.map(({ Key: key = "", Value: value = "" }) => {
    if (key === "" || 128 < key.length || !allowed.test(key) || /^aws:/i.test(key))
      throw invalidTag("The TagKey you have provided is invalid", key);
    if (256 < value.length || !allowed.test(value)) throw invalidTag("The TagValue you have provided is invalid", key);
    if (seen.has(key)) throw invalidTag("Cannot provide multiple Tags with the same key", key);
    seen.add(key);
    return { Key: key, Value: value };
  });
}

/** `x-amz-tagging: a=1&b=2`, encoded as a form. */
export function parseTagHeader(header: string | undefined): readonly Tag[] {
  if (header === undefined || header === "") return [];
  return checkTags(
    [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value })),
    10,
  );
}

export function buildTagHeader(tags: readonly Tag[]): string {
  return new URLSearchParams(tags.map(({ Key, Value }) => [Key, Value])).toString();
}
