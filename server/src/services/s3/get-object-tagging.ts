import type { GetObjectTaggingOutput, GetObjectTaggingRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { needObject, objectArn, type S3Context } from "./context.ts";

/** An object without tags has an empty set, not an error. */
export const getObjectTagging: Operation<
  With<GetObjectTaggingRequest, "Bucket" | "Key">,
  GetObjectTaggingOutput,
  S3Context
> = {
  authorize: ({ Bucket, Key }) => ({ action: "s3:GetObjectTagging", resource: objectArn(Bucket, Key) }),

  async run(input, ctx) {
    const { tags } = await needObject(ctx, input);
    return { TagSet: [...tags] };
  },
};
