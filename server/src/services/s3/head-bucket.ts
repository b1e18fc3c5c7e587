import type { HeadBucketOutput, HeadBucketRequest } from "@aws-sdk/client-s3";
import { bucketArn } from "../../storage/buckets/arn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";

/** Clients learn a bucket's region from it. */
export const headBucket: Operation<With<HeadBucketRequest, "Bucket">, HeadBucketOutput, S3Context> = {
  authorize: onBucket("s3:ListBucket"),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    return { BucketRegion: bucket.region, BucketArn: bucketArn(bucket.name), AccessPointAlias: false };
  },
};
