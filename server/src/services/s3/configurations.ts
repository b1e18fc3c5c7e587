/**
 * Configurations that a bucket never has here. To ask for one gives the answer of a bucket where it was never set; to
 * delete one succeeds, as it does there. To set one is refused: not-done.ts.
 */
import type { AnyOperation } from "../operation.ts";
import { onBucket, onStoredObject } from "./access.ts";
import { needBucket, needObject, type S3Context } from "./context.ts";
import { notConfigured } from "./errors.ts";

type BucketInput = { Bucket: string; ExpectedBucketOwner?: string };

/** Operation → IAM action, error code, message. */
const missing = {
  GetBucketLifecycleConfiguration: [
    "s3:GetLifecycleConfiguration",
    "NoSuchLifecycleConfiguration",
    "The lifecycle configuration does not exist",
  ],
  GetBucketWebsite: [
    "s3:GetBucketWebsite",
    "NoSuchWebsiteConfiguration",
    "The specified bucket does not have a website configuration",
  ],
  GetBucketReplication: [
    "s3:GetReplicationConfiguration",
    "ReplicationConfigurationNotFoundError",
    "The replication configuration was not found",
  ],
  GetBucketOwnershipControls: [
    "s3:GetBucketOwnershipControls",
    "OwnershipControlsNotFoundError",
    "The bucket ownership controls were not found",
  ],
  GetObjectLockConfiguration: [
    "s3:GetBucketObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket",
  ],
} as const;

const lockMissing = {
  GetObjectRetention: "s3:GetObjectRetention",
  GetObjectLegalHold: "s3:GetObjectLegalHold",
} as const;

/** Operation → IAM action, answer. */
const empty = {
  GetBucketVersioning: ["s3:GetBucketVersioning", {}],
  GetBucketNotificationConfiguration: ["s3:GetBucketNotification", {}],
  GetBucketLogging: ["s3:GetBucketLogging", {}],
  GetBucketAccelerateConfiguration: ["s3:GetAccelerateConfiguration", {}],
  GetBucketRequestPayment: ["s3:GetBucketRequestPayment", { Payer: "BucketOwner" }],
  ListBucketAnalyticsConfigurations: ["s3:GetAnalyticsConfiguration", { IsTruncated: false }],
  ListBucketIntelligentTieringConfigurations: ["s3:GetIntelligentTieringConfiguration", { IsTruncated: false }],
  ListBucketInventoryConfigurations: ["s3:GetInventoryConfiguration", { IsTruncated: false }],
  ListBucketMetricsConfigurations: ["s3:GetMetricsConfiguration", { IsTruncated: false }],
  DeleteBucketLifecycle: ["s3:PutLifecycleConfiguration", {}],
  DeleteBucketWebsite: ["s3:DeleteBucketWebsite", {}],
  DeleteBucketReplication: ["s3:PutReplicationConfiguration", {}],
  DeleteBucketOwnershipControls: ["s3:PutBucketOwnershipControls", {}],
} as const;

type Name = keyof typeof missing | keyof typeof lockMissing | keyof typeof empty;

export const configurations = Object.fromEntries([
  ...Object.entries(missing).map(([name, [action, code, message]]) => [
    name,
    bucketOperation(action, (bucket) => {
      throw notConfigured(code, message, bucket);
    }),
  ]),
  ...Object.entries(empty).map(([name, [action, answer]]) => [name, bucketOperation(action, () => answer)]),
  ...Object.entries(lockMissing).map(([name, action]) => [name, lockOperation(action)]),
]) as Record<Name, AnyOperation<S3Context>>;

function bucketOperation(action: string, answer: (bucket: string) => object): AnyOperation<S3Context> {
  return {
    authorize: onBucket(action),
    async run(input: BucketInput, ctx) {
      const { name } = await needBucket(ctx, input);
      return answer(name);
    },
  };
}

function lockOperation(action: string): AnyOperation<S3Context> {
  return {
    authorize: onStoredObject(action),
    async run(input, ctx) {
      const { bucket } = await needObject(ctx, input);
      const message = "The specified object does not have a ObjectLock configuration";
      throw notConfigured("NoSuchObjectLockConfiguration", message, bucket);
    },
  };
}
