import type { GetBucketPolicyOutput, GetBucketPolicyRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucketPolicy } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { noBucketPolicy } from "./errors.ts";

/** As it was written. */
export const getBucketPolicy: Operation<With<GetBucketPolicyRequest, "Bucket">, GetBucketPolicyOutput, S3Context> = {
  authorize: onBucketPolicy("s3:GetBucketPolicy"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    if (settings.policy === undefined) throw noBucketPolicy(name);
    return { Policy: settings.policy };
  },
};
