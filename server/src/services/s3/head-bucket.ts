import type { HeadBucketOutput, HeadBucketRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { bucketArn, needBucket, type S3Context } from "./context.ts";

/** Clients learn a bucket's region from it. */
export const headBucket: Operation<With<HeadBucketRequest, "Bucket">, HeadBucketOutput, S3Context> = {
  authorize: ({ Bucket }) => ({ action: "s3:ListBucket", resource: bucketArn(Bucket) }),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    return { BucketRegion: bucket.region, BucketArn: bucketArn(bucket.name), AccessPointAlias: false };
  },
};
