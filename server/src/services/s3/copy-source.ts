/**
 * `x-amz-copy-source`: which object to copy from.
 */
import type { StoredObject } from "../../storage/records/objects.ts";
import type { Authorization } from "../operation.ts";
import { storedObjectAccess } from "./access.ts";
import { checkSource } from "./conditions.ts";
import { type Call, checkVersion, missingKey, needBucket } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { objectOf } from "./look-up.ts";

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

/** What reading the source asks of its bucket. */
export async function sourceAccess(
  { CopySource }: { CopySource: string },
  ctx: Call,
  actions: readonly string[] = ["s3:GetObject"],
): Promise<Authorization[]> {
  const { bucket, key, versionId } = parseCopySource(CopySource);
  return storedObjectAccess(ctx, actions, { Bucket: bucket, Key: key, VersionId: versionId });
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
  const object = await objectOf(ctx, bucket, key);
  if (object === undefined) throw await missingKey(ctx, bucket, key);
  checkSource(object, input);
  return object;
}
