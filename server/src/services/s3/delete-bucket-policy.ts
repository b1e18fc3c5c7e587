import type { DeleteBucketPolicyRequest } from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucketPolicy } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";

export const deleteBucketPolicy: Operation<With<DeleteBucketPolicyRequest, "Bucket">, object, S3Context> = {
  authorize: onBucketPolicy("s3:DeleteBucketPolicy"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, policy: undefined })),
    );
    return {};
  },
};
