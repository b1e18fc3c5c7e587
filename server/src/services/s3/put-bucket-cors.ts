import type { PutBucketCorsRequest } from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { checkCorsRules } from "./cors.ts";

export const putBucketCors: Operation<With<PutBucketCorsRequest, "Bucket" | "CORSConfiguration">, object, S3Context> = {
  authorize: onBucket("s3:PutBucketCORS"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    const cors = checkCorsRules(input.CORSConfiguration.CORSRules);
    await inTurn(ctx.records, "buckets", (db) => changeBucketSettings(db, name, (settings) => ({ ...settings, cors })));
    return {};
  },
};
