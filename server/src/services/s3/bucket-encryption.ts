/**
 * The three operations of a bucket's default encryption, which is SSE-S3 where none was set.
 */
import type {
  DeleteBucketEncryptionRequest,
  GetBucketEncryptionOutput,
  GetBucketEncryptionRequest,
  PutBucketEncryptionRequest,
  ServerSideEncryptionRule,
} from "@aws-sdk/client-s3";
import { type BucketEncryption, changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { headerNotDone, invalidArgument, malformedXml } from "./errors.ts";

export const getBucketEncryption: Operation<
  With<GetBucketEncryptionRequest, "Bucket">,
  GetBucketEncryptionOutput,
  S3Context
> = {
  authorize: onBucket("s3:GetEncryptionConfiguration"),

  async run(input, ctx) {
    const { settings } = await needBucket(ctx, input);
    const {
      mode,
      keyId,
      bucketKey = false,
      blocksCustomerKeys,
    }: BucketEncryption = settings.encryption ?? {
      mode: "AES256",
    };
    const rule: ServerSideEncryptionRule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: mode, KMSMasterKeyID: keyId },
      BucketKeyEnabled: bucketKey,
      BlockedEncryptionTypes: blocksCustomerKeys ? { EncryptionType: ["SSE-C"] } : undefined,
    };
    return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
  },
};

export const putBucketEncryption: Operation<
  With<PutBucketEncryptionRequest, "Bucket" | "ServerSideEncryptionConfiguration">,
  object,
  S3Context
> = {
  authorize: onBucket("s3:PutEncryptionConfiguration"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    const { Rules = [] } = input.ServerSideEncryptionConfiguration;
    const [rule] = Rules;
    if (rule === undefined || Rules.length !== 1) throw malformedXml();
    const encryption = encryptionOf(rule);
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, encryption })),
    );
    return {};
  },
};

export const deleteBucketEncryption: Operation<With<DeleteBucketEncryptionRequest, "Bucket">, object, S3Context> = {
  authorize: onBucket("s3:PutEncryptionConfiguration"),

  async run(input, ctx) {
    const { name } = await needBucket(ctx, input);
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, encryption: undefined })),
    );
    return {};
  },
};

/** Whether the key is there is found out by the first object, as with S3. */
function encryptionOf(rule: ServerSideEncryptionRule): BucketEncryption {
  const { SSEAlgorithm: mode = "AES256", KMSMasterKeyID: keyId } = rule.ApplyServerSideEncryptionByDefault ?? {};
  if (mode === "aws:kms:dsse" || mode === "aws:fsx") throw headerNotDone(`SSEAlgorithm: ${mode}`);
  if (mode !== "AES256" && mode !== "aws:kms") throw malformedXml();
  if (mode === "AES256" && keyId !== undefined)
    throw invalidArgument(
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
      "ApplyServerSideEncryptionByDefault",
    );
  const blocked: readonly string[] = rule.BlockedEncryptionTypes?.EncryptionType ?? [];
  if (blocked.some((type) => type !== "SSE-C" && type !== "NONE")) throw malformedXml();
  return {
    mode,
    keyId,
    bucketKey: rule.BucketKeyEnabled ?? false,
    blocksCustomerKeys: blocked.includes("SSE-C") || undefined,
  };
}
