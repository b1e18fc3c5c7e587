import type { CopyObjectOutput, CopyObjectRequest } from "@aws-sdk/client-s3";
import type { Bucket } from "../../storage/records/buckets.ts";
import { findObject, type ObjectDescription, type StoredObject } from "../../storage/records/objects.ts";
import type { Authorization, Operation, With } from "../operation.ts";
import { writeAccess } from "./access.ts";
import { algorithmOf, typedChecksumMembers } from "./checksums.ts";
import { writeCheck } from "./conditions.ts";
import { type Call, needBucket, quoted, type S3Context } from "./context.ts";
import { needCopySource, parseCopySource, sourceAccess } from "./copy-source.ts";
import { checkAcl, checkKey, checkStorageClass, descriptionOf, refuseNotDone } from "./description.ts";
import {
  asksForEncryption,
  namingKeyFailures,
  readerOf,
  sealingFor,
  sourceMembers,
  writtenMembers,
} from "./encryption.ts";
import { invalidArgument, invalidRequest, noSuchKey } from "./errors.ts";
import { objectOf } from "./look-up.ts";
import { maxPutBytes, namingVanished, orDiscard } from "./receive-body.ts";
import { buildTagHeader } from "./tags.ts";

type CopyInput = With<CopyObjectRequest, "Bucket" | "Key" | "CopySource">;

/** The copy is one piece with an MD5 of its own, however the source was uploaded. */
export const copyObject: Operation<CopyInput, CopyObjectOutput, S3Context> = {
  authorize: copyAccess,

  async run(input, ctx) {
    const { Bucket: bucket, Key: key } = input;
    const target = await needBucket(ctx, input);
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
      ontoItself && input.ChecksumAlgorithm === undefined && keepsSeal(source, input, target)
        ? await redescribe(ctx, source, describe, check)
        : await copyBytes(ctx, source, { bucket: target, key, ...describe(source) }, input, check);
    return {
      CopyObjectResult: {
        ETag: quoted(stored.etag),
        LastModified: new Date(stored.modifiedAt),
        ...typedChecksumMembers(stored.checksums),
      },
      ...writtenMembers(stored.encryption),
    };
  },
};

/** Both sides. Tags that are copied are read there and written here. */
async function copyAccess(input: CopyInput, ctx: Call): Promise<Authorization[]> {
  const { Bucket, Key, ACL } = input;
  const source = parseCopySource(input.CopySource);
  const copied = input.TaggingDirective === "REPLACE" ? [] : (await objectOf(ctx, source.bucket, source.key))?.tags;
  const Tagging = copied?.length ? buildTagHeader(copied) : input.Tagging;
  return [
    ...(await sourceAccess(input, ctx, copied?.length ? ["s3:GetObject", "s3:GetObjectTagging"] : undefined)),
    ...(await writeAccess({ Bucket, Key, ACL, Tagging }, ctx)),
  ];
}

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
    asksForEncryption(input) ||
    input.WebsiteRedirectLocation !== undefined ||
    checkStorageClass(input.StorageClass) !== source.storageClass
  );
}

/** Whether the copy would be sealed as the source is. */
function keepsSeal({ encryption }: StoredObject, input: CopyInput, { settings }: Bucket): boolean {
  const isPlain = encryption === undefined || encryption.mode === "AES256";
  return isPlain && !asksForEncryption(input) && settings.encryption?.mode !== "aws:kms";
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
  { bucket, key, ...described }: ObjectDescription & { bucket: Bucket; key: string },
  input: CopyInput,
  check: ReturnType<typeof writeCheck>,
): Promise<StoredObject> {
  const asked = algorithmOf(input.ChecksumAlgorithm);
  const checksums =
    asked === undefined ? Object.keys(source.checksums.values).map((name) => algorithmOf(name)!) : [asked];
  const reader = await readerOf(ctx, source, sourceMembers(input));
  const sealing = await sealingFor(ctx, bucket, key, input);
  const bytes = await namingKeyFailures(() => ctx.objects.read(source, reader));
  const received = await ctx.objects.receive(bytes, { checksums, sealing, signal: ctx.signal });
  const target = { bucket: bucket.name, key, ...described };
  return orDiscard(ctx, received, () =>
    namingVanished({ bucket: bucket.name }, ctx.objects.put(target, received, check)),
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
