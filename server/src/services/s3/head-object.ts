import type { HeadObjectOutput, HeadObjectRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { needObject, type S3Context } from "./context.ts";
import { checkReader } from "./encryption.ts";
import { planAnswer } from "./object-answer.ts";

/** GetObject's answer without the body. */
export const headObject: Operation<With<HeadObjectRequest, "Bucket" | "Key">, HeadObjectOutput, S3Context> = {
  authorize: onStoredObject("s3:GetObject"),

  async run(input, ctx) {
    const object = await needObject(ctx, input);
    checkReader(object, input);
    return planAnswer(object, input, ctx.header("if-range")).headers;
  },
};
