import type { DeleteBucketRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { bucketNotEmpty, noSuchBucket } from "./errors.ts";

/** Only when it holds no object. Uploads that nobody completed go with it. */
export const deleteBucket: Operation<With<DeleteBucketRequest, "Bucket">, object, S3Context> = {
  authorize: onBucket("s3:DeleteBucket"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    const outcome = await ctx.objects.deleteBucket(name);
    if (outcome === "occupied") throw bucketNotEmpty(name);
    if (outcome === "missing") throw noSuchBucket(name);
    return {};
  },
};
