import type { GetBucketCorsOutput, GetBucketCorsRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { notConfigured } from "./errors.ts";

export const getBucketCors: Operation<With<GetBucketCorsRequest, "Bucket">, GetBucketCorsOutput, S3Context> = {
  authorize: onBucket("s3:GetBucketCORS"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    if (settings.cors === undefined)
      throw notConfigured("NoSuchCORSConfiguration", "The CORS configuration does not exist", name);
    return { CORSRules: settings.cors as GetBucketCorsOutput["CORSRules"] };
  },
};
