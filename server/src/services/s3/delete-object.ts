import type { DeleteObjectOutput, DeleteObjectRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onObject } from "./access.ts";
import { deleteCheck } from "./conditions.ts";
import { checkVersion, needBucket, type S3Context } from "./context.ts";

/** Deleting what is not there succeeds, unless the caller said what should be. */
export const deleteObject: Operation<With<DeleteObjectRequest, "Bucket" | "Key">, DeleteObjectOutput, S3Context> = {
  authorize: onObject("s3:DeleteObject"),

  async run(input, ctx) {
    await needBucket(ctx, input);
    checkVersion(input.VersionId, input.Key);
    const { IfMatch, IfMatchLastModifiedTime, IfMatchSize } = input;
    const check = deleteCheck(input.Key, { IfMatch, IfMatchLastModifiedTime, IfMatchSize });
    await ctx.objects.delete(input.Bucket, input.Key, check);
    return {};
  },
};
