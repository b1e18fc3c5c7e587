/**
 * The three operations of a bucket's public access block. ACLs let nobody in, so the two members about them are kept and
 * given back.
 */
import type {
  DeletePublicAccessBlockRequest,
  GetPublicAccessBlockOutput,
  GetPublicAccessBlockRequest,
  PutPublicAccessBlockRequest,
} from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { notConfigured } from "./errors.ts";

export const getPublicAccessBlock: Operation<
  With<GetPublicAccessBlockRequest, "Bucket">,
  GetPublicAccessBlockOutput,
  S3Context
> = {
  authorize: onBucket("s3:GetBucketPublicAccessBlock"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    const { publicAccessBlock: block } = settings;
    if (block === undefined)
      throw notConfigured(
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
        name,
      );
    return {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      },
    };
  },
};

export const putPublicAccessBlock: Operation<
  With<PutPublicAccessBlockRequest, "Bucket" | "PublicAccessBlockConfiguration">,
  object,
  S3Context
> = {
  authorize: onBucket("s3:PutBucketPublicAccessBlock"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    const given = input.PublicAccessBlockConfiguration;
    const publicAccessBlock = {
      blockPublicAcls: given.BlockPublicAcls ?? false,
      ignorePublicAcls: given.IgnorePublicAcls ?? false,
      blockPublicPolicy: given.BlockPublicPolicy ?? false,
      restrictPublicBuckets: given.RestrictPublicBuckets ?? false,
    };
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, publicAccessBlock })),
    );
    return {};
  },
};

export const deletePublicAccessBlock: Operation<With<DeletePublicAccessBlockRequest, "Bucket">, object, S3Context> = {
  authorize: onBucket("s3:PutBucketPublicAccessBlock"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, publicAccessBlock: undefined })),
    );
    return {};
  },
};
