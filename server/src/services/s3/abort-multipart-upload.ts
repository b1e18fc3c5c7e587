import type { AbortMultipartUploadOutput, AbortMultipartUploadRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onObject } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { noSuchUpload } from "./errors.ts";

/** A part that is still on its way then fails. */
export const abortMultipartUpload: Operation<
  With<AbortMultipartUploadRequest, "Bucket" | "Key" | "UploadId">,
  AbortMultipartUploadOutput,
  S3Context
> = {
  authorize: onObject("s3:AbortMultipartUpload"),

  async run(input, ctx) {
    await needBucket(ctx, input);
    if (!(await ctx.objects.abort(input.Bucket, input.Key, input.UploadId))) throw noSuchUpload(input.UploadId);
    return {};
  },
};
