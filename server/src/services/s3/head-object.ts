import type { HeadObjectOutput, HeadObjectRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { needObject, objectArn, type S3Context } from "./context.ts";
import { refuseNotDone } from "./description.ts";
import { planAnswer } from "./object-answer.ts";

/** GetObject's answer without the body. */
export const headObject: Operation<With<HeadObjectRequest, "Bucket" | "Key">, HeadObjectOutput, S3Context> = {
  authorize: ({ Bucket, Key }) => ({ action: "s3:GetObject", resource: objectArn(Bucket, Key) }),

  async run(input, ctx) {
    refuseNotDone(input);
    const { headers } = planAnswer(await needObject(ctx, input), input, ctx.header("if-range"));
    return {
      ...headers,
      CacheControl: input.ResponseCacheControl ?? headers.CacheControl,
      ContentDisposition: input.ResponseContentDisposition ?? headers.ContentDisposition,
      ContentEncoding: input.ResponseContentEncoding ?? headers.ContentEncoding,
      ContentLanguage: input.ResponseContentLanguage ?? headers.ContentLanguage,
      ContentType: input.ResponseContentType ?? headers.ContentType,
      Expires: input.ResponseExpires ?? headers.Expires,
    };
  },
};
