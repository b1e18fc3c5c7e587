import type { CopyObjectOutput, CopyObjectRequest } from "@aws-sdk/client-s3";
import { findObject, type ObjectDescription, type StoredObject } from "../../storage/records/objects.ts";
import type { Operation, With } from "../operation.ts";
import { algorithmOf, typedChecksumMembers } from "./checksums.ts";
import { writeCheck } from "./conditions.ts";
import { type Call, needBucket, objectArn, quoted, type S3Context } from "./context.ts";
import { needCopySource, parseCopySource } from "./copy-source.ts";
import { checkAcl, checkKey, checkStorageClass, descriptionOf, refuseNotDone } from "./description.ts";
import { invalidArgument, invalidRequest, noSuchKey } from "./errors.ts";
import { maxPutBytes, namingVanished, orDiscard } from "./receive-body.ts";

type CopyInput = With<CopyObjectRequest, "Bucket" | "Key" | "CopySource">;

/** The copy is one piece with an MD5 of its own, however the source was uploaded. */
export const copyObject: Operation<CopyInput, CopyObjectOutput, S3Context> = {
  authorize({ Bucket, Key, CopySource }) {
    const source = parseCopySource(CopySource);
    return [
      { action: "s3:GetObject", resource: objectArn(source.bucket, source.key) },
      { action: "s3:PutObject", resource: objectArn(Bucket, Key) },
    ];
  },

  async run(input, ctx) {
    const { Bucket: bucket, Key: key } = input;
    await needBucket(ctx, input);
    checkKey(key);
    refuseNotDone(input);
    checkAcl(input);
    checkDirective("x-amz-metadata-directive", input.MetadataDirective);
    checkDirective("x-amz-tagging-directive", input.TaggingDirective);
    const source = await needCopySource(ctx, input);
    if (maxPutBytes < source.size)
      throw invalidRequest(
        `The specified copy source is larger than the maximum allowable size for a copy source: ${maxPutBytes}`,
      );
    const describe = (object: StoredObject) => describeCopy(object, input, ctx);
    const check = writeCheck(key, input);
    if (check !== undefined) check(await findObject(ctx.records.db, bucket, key));

    const ontoItself = source.bucket === bucket && source.key === key;
    if (ontoItself && !changesAnything(source, input))
      throw invalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    const stored =
      ontoItself && input.ChecksumAlgorithm === undefined
        ? await redescribe(ctx, source, describe, check)
        : await copyBytes(ctx, source, { bucket, key, ...describe(source) }, input, check);
    return {
      CopyObjectResult: {
        ETag: quoted(stored.etag),
        LastModified: new Date(stored.modifiedAt),
        ...typedChecksumMembers(stored.checksums),
      },
    };
  },
};

function describeCopy(source: StoredObject, input: CopyInput, ctx: Call): ObjectDescription {
  const given = descriptionOf(input, ctx.header("expires"));
  const { "x-amz-website-redirect-location": _, ...headers } = source.headers;
  const redirect = input.WebsiteRedirectLocation && {
    "x-amz-website-redirect-location": input.WebsiteRedirectLocation,
  };
  const replaced = input.MetadataDirective === "REPLACE";
  return {
    storageClass: checkStorageClass(input.StorageClass),
    headers: replaced ? given.headers : { ...headers, ...(redirect || {}) },
    metadata: replaced ? given.metadata : source.metadata,
    tags: input.TaggingDirective === "REPLACE" ? given.tags : source.tags,
  };
}

function changesAnything(source: StoredObject, input: CopyInput): boolean {
  return (
    input.MetadataDirective === "REPLACE" ||
    input.TaggingDirective === "REPLACE" ||
    input.ChecksumAlgorithm !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    checkStorageClass(input.StorageClass) !== source.storageClass
  );
}

/** New words for the same bytes: nothing is read or written again, and the ETag stays. */
async function redescribe(
  ctx: Call,
  source: StoredObject,
  describe: (object: StoredObject) => ObjectDescription,
  check: ReturnType<typeof writeCheck>,
): Promise<StoredObject> {
  const stored = await ctx.objects.describe(source.bucket, source.key, describe, check);
  if (stored === undefined) throw noSuchKey(source.key);
  return stored;
}

async function copyBytes(
  ctx: Call,
  source: StoredObject,
  target: ObjectDescription & { bucket: string; key: string },
  input: CopyInput,
  check: ReturnType<typeof writeCheck>,
): Promise<StoredObject> {
  const asked = algorithmOf(input.ChecksumAlgorithm);
  const checksums =
    asked === undefined ? Object.keys(source.checksums.values).map((name) => algorithmOf(name)!) : [asked];
  const bytes = await ctx.objects.read(source);
  const received = await ctx.objects.receive(bytes, { checksums, signal: ctx.signal });
  return orDiscard(ctx, received, () =>
    namingVanished({ bucket: target.bucket }, ctx.objects.put(target, received, check)),
  );
}

function checkDirective(header: string, directive: string | undefined): void {
  if (directive !== undefined && directive !== "COPY" && directive !== "REPLACE")
    throw invalidArgument(
      `Unknown ${header === "x-amz-metadata-directive" ? "metadata" : "tagging"} directive.`,
      header,
      directive,
    );
}
