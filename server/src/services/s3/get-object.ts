import type { GetObjectOutput, GetObjectRequest } from "@aws-sdk/client-s3";
import type { Bytes, Operation, With } from "../operation.ts";
import { onStoredObject } from "./access.ts";
import { needObject, type S3Context } from "./context.ts";
import { namingKeyFailures, readerOf } from "./encryption.ts";
import { invalidRequest } from "./errors.ts";
import { type ObjectAnswer, planAnswer } from "./object-answer.ts";

export type GetObjectAnswer = Omit<GetObjectOutput, "Body"> & { Body: Bytes | Uint8Array };

/** 206 when `ContentRange` is there. */
export const getObject: Operation<With<GetObjectRequest, "Bucket" | "Key">, GetObjectAnswer, S3Context> = {
  authorize: onStoredObject("s3:GetObject"),

  async run(input, ctx) {
    if (ctx.caller === undefined) refuseOverrides(input);
    const object = await needObject(ctx, input);
    const reader = await readerOf(ctx, object, input);
    const { range, headers }: ObjectAnswer = planAnswer(object, input, ctx.header("if-range"));
    const Body = await namingKeyFailures(() => ctx.objects.send(object, { range, ...reader }));
    return Object.assign(headers, { Body });
  },
};

/** An answer's headers are the signer's to change. */
function refuseOverrides(input: GetObjectRequest): void {
  if (Object.keys(input).some((name) => name.startsWith("Response")))
    throw invalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
}
