import type { DeleteBucketTaggingRequest } from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";

export const deleteBucketTagging: Operation<With<DeleteBucketTaggingRequest, "Bucket">, object, S3Context> = {
  authorize: onBucket("s3:PutBucketTagging"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, tags: undefined })),
    );
    return {};
  },
};
