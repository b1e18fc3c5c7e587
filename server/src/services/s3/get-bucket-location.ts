import type { GetBucketLocationOutput, GetBucketLocationRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";

/** Empty for us-east-1, as it always was. */
export const getBucketLocation: Operation<
  With<GetBucketLocationRequest, "Bucket">,
  GetBucketLocationOutput,
  S3Context
> = {
  authorize: onBucket("s3:GetBucketLocation"),

  async run(input, ctx) {
    const { region } = await needBucket(ctx, input);
    return { LocationConstraint: region === "us-east-1" ? undefined : (region as "eu-west-1") };
  },
};
