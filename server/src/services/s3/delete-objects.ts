import type { DeletedObject, DeleteObjectsOutput, DeleteObjectsRequest, ObjectIdentifier } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { ServiceError } from "../service-error.ts";
import { objectAccess } from "./access.ts";
import { deleteCheck } from "./conditions.ts";
import { type Call, checkVersion, needBucket, type S3Context } from "./context.ts";
import { malformedXml } from "./errors.ts";

const atOnce = 1000;

/** Each key on its own: what fails is named in the answer, the rest is gone. */
export const deleteObjects: Operation<
  With<DeleteObjectsRequest, "Bucket" | "Delete">,
  DeleteObjectsOutput,
  S3Context
> = {
  // Each key is asked for on its own.
  authorize: () => [],

  async run(input, ctx) {
    await needBucket(ctx, input);
    const outcomes = await Promise.all(
      keysOf(input.Delete.Objects).map((object) => deleteOne(ctx, input.Bucket, object)),
    );
    return {
      Deleted: input.Delete.Quiet ? [] : outcomes.flatMap(({ deleted }) => deleted ?? []),
      Errors: outcomes.flatMap(({ error }) => error ?? []),
    };
  },
};

function keysOf(objects: readonly ObjectIdentifier[] | undefined): readonly ObjectIdentifier[] {
  if (objects === undefined || objects.length === 0 || atOnce < objects.length) throw malformedXml();
  if (objects.some(({ Key }) => Key === undefined || Key === "")) throw malformedXml();
  return objects;
}

async function deleteOne(ctx: Call, bucket: string, object: ObjectIdentifier) {
  const { Key: key = "", VersionId, ETag, LastModifiedTime, Size } = object;
  try {
    await ctx.demand(await objectAccess(ctx, "s3:DeleteObject", { Bucket: bucket, Key: key, VersionId }));
    checkVersion(VersionId, key);
    const check = deleteCheck(key, { IfMatch: ETag, IfMatchLastModifiedTime: LastModifiedTime, IfMatchSize: Size });
    await ctx.objects.delete(bucket, key, check);
    return { deleted: { Key: key, ...(VersionId === undefined ? {} : { VersionId }) } satisfies DeletedObject };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { error: { Key: key, VersionId, Code: error.code, Message: error.message } };
  }
}
