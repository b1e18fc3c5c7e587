import type { PutBucketTaggingRequest } from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { checkTags } from "./tags.ts";

export const putBucketTagging: Operation<With<PutBucketTaggingRequest, "Bucket" | "Tagging">, object, S3Context> = {
  authorize: onBucket("s3:PutBucketTagging"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    const tags = checkTags(input.Tagging.TagSet ?? [], 50);
    await inTurn(ctx.records, "buckets", (db) => changeBucketSettings(db, name, (settings) => ({ ...settings, tags })));
    return {};
  },
};
