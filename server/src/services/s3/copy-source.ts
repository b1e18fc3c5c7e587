/**
 * `x-amz-copy-source`: which object to copy from.
 */
import { findObject, type StoredObject } from "../../storage/records/objects.ts";
import { checkSource } from "./conditions.ts";
import { type Call, checkVersion, needBucket } from "./context.ts";
import { invalidArgument, noSuchKey } from "./errors.ts";

export type CopySource = { bucket: string; key: string; versionId?: string };

/** `/bucket/key?versionId=id`, percent-encoded, with or without the first slash. */
export function parseCopySource(header: string): CopySource {
  const match = /^\/?([^/?]+)\/([^?]+)(?:\?versionId=([^&]*))?$/s.exec(header);
  const invalid = () =>
    invalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source",
      header,
    );
  if (match === null) throw invalid();
  try {
    const [bucket, key, versionId] = match.slice(1).map((text) => text && decodeURIComponent(text));
    if (header.includes("%00")) throw invalid();
    return { bucket: bucket!, key: key!, versionId: versionId || undefined };
  } catch {
    throw invalid();
  }
}

type SourceConditions = Parameters<typeof checkSource>[1];

/** The object to copy from, which must also meet the request's conditions. */
export async function needCopySource(
  ctx: Call,
  input: SourceConditions & { CopySource: string; ExpectedSourceBucketOwner?: string },
): Promise<StoredObject> {
  const { bucket, key, versionId } = parseCopySource(input.CopySource);
  await needBucket(ctx, { Bucket: bucket, ExpectedBucketOwner: input.ExpectedSourceBucketOwner });
  checkVersion(versionId, key);
  const object = await findObject(ctx.records.db, bucket, key);
  if (object === undefined) throw noSuchKey(key);
  checkSource(object, input);
  return object;
}
