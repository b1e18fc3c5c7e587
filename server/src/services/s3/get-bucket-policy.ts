import type { GetBucketPolicyOutput, GetBucketPolicyRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { showPrincipals } from "../policy-principals.ts";
import { onBucketPolicy } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { noBucketPolicy } from "./errors.ts";

/** As it was written, but for the ids of users and roles that are gone. */
export const getBucketPolicy: Operation<With<GetBucketPolicyRequest, "Bucket">, GetBucketPolicyOutput, S3Context> = {
  authorize: onBucketPolicy("s3:GetBucketPolicy"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    if (settings.policy === undefined) throw noBucketPolicy(name);
    return { Policy: await showPrincipals(settings.policy, ctx.records.db) };
  },
};
