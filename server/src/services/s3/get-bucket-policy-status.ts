import type { GetBucketPolicyStatusOutput, GetBucketPolicyStatusRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { noBucketPolicy } from "./errors.ts";
import { isPublicPolicy } from "./public-policy.ts";

/** Whether the policy lets in everybody. */
export const getBucketPolicyStatus: Operation<
  With<GetBucketPolicyStatusRequest, "Bucket">,
  GetBucketPolicyStatusOutput,
  S3Context
> = {
  authorize: onBucket("s3:GetBucketPolicyStatus"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    if (settings.policy === undefined) throw noBucketPolicy(name);
    return { PolicyStatus: { IsPublic: isPublicPolicy(settings.policy) } };
  },
};
