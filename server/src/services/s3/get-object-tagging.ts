import type { GetObjectTaggingOutput, GetObjectTaggingRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { needObject, type S3Context } from "./context.ts";

/** An object without tags has an empty set, not an error. */
export const getObjectTagging: Operation<
  With<GetObjectTaggingRequest, "Bucket" | "Key">,
  GetObjectTaggingOutput,
  S3Context
> = {
  authorize: onStoredObject("s3:GetObjectTagging"),

  async run(input, ctx) {
    const { tags } = await needObject(ctx, input);
    return { TagSet: [...tags] };
  },
};
