import type { GetBucketTaggingOutput, GetBucketTaggingRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { notConfigured } from "./errors.ts";

/** Unlike an object's, a set that was never put is an error. */
export const getBucketTagging: Operation<With<GetBucketTaggingRequest, "Bucket">, GetBucketTaggingOutput, S3Context> = {
  authorize: onBucket("s3:GetBucketTagging"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    if (!settings.tags?.length) throw notConfigured("NoSuchTagSet", "The TagSet does not exist", name);
    return { TagSet: [...settings.tags] };
  },
};
