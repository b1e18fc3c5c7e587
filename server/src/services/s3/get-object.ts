import type { GetObjectOutput, GetObjectRequest } from "@aws-sdk/client-s3";
import type { Bytes, Operation, With } from "../operation.ts";
import { needObject, objectArn, type S3Context } from "./context.ts";
import { refuseNotDone } from "./description.ts";
import { type ObjectAnswer, planAnswer } from "./object-answer.ts";

export type GetObjectAnswer = Omit<GetObjectOutput, "Body"> & { Body: Bytes | Uint8Array };

/** 206 when `ContentRange` is there. */
export const getObject: Operation<With<GetObjectRequest, "Bucket" | "Key">, GetObjectAnswer, S3Context> = {
  authorize: ({ Bucket, Key }) => ({ action: "s3:GetObject", resource: objectArn(Bucket, Key) }),

  async run(input, ctx) {
    refuseNotDone(input);
    const object = await needObject(ctx, input);
    const { range, headers }: ObjectAnswer = planAnswer(object, input, ctx.header("if-range"));
    return {
      ...headers,
      CacheControl: input.ResponseCacheControl ?? headers.CacheControl,
      ContentDisposition: input.ResponseContentDisposition ?? headers.ContentDisposition,
      ContentEncoding: input.ResponseContentEncoding ?? headers.ContentEncoding,
      ContentLanguage: input.ResponseContentLanguage ?? headers.ContentLanguage,
      ContentType: input.ResponseContentType ?? headers.ContentType,
      Expires: input.ResponseExpires ?? headers.Expires,
      Body: await ctx.objects.send(object, range),
    };
  },
};
