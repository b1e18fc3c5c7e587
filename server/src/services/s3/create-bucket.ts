import type { CreateBucketOutput, CreateBucketRequest } from "@aws-sdk/client-s3";
import { bucketArn } from "../../storage/buckets/arn.ts";
import { findBucket, insertBucket } from "../../storage/records/buckets.ts";
import type { Operation, With } from "../operation.ts";
import { isBucketName } from "./bucket-name.ts";
import type { S3Context } from "./context.ts";
import { checkAcl } from "./description.ts";
import { bucketExists, headerNotDone, invalidBucketName, invalidLocation } from "./errors.ts";
import { checkTags } from "./tags.ts";

/** As AWS makes buckets since April 2023: public access is a thing that one allows first. */
const blocked = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

/** In the region of its LocationConstraint, else in the one that the caller signs for. */
export const createBucket: Operation<With<CreateBucketRequest, "Bucket">, CreateBucketOutput, S3Context> = {
  // Names are unique across accounts: whose a bucket of that name is has no say in who may ask for one.
  authorize: ({ Bucket, CreateBucketConfiguration }) => ({
    action: "s3:CreateBucket",
    resource: bucketArn(Bucket),
    context: { "s3:locationconstraint": CreateBucketConfiguration?.LocationConstraint ?? "" },
  }),

  async run(input, ctx) {
    const { Bucket: name, CreateBucketConfiguration: wanted } = input;
    if (!isBucketName(name)) throw invalidBucketName(name);
    if (input.ObjectLockEnabledForBucket) throw headerNotDone("x-amz-bucket-object-lock-enabled");
    checkAcl(input);
    const tags = wanted?.Tags === undefined ? undefined : checkTags(wanted.Tags, 50);
    const bucket = {
      name,
      account: ctx.accountId,
      region: regionOf(wanted?.LocationConstraint) ?? regionOfScope(ctx.region),
      createdAt: ctx.clock(),
      settings: { tags, publicAccessBlock: blocked },
    };
    if ((await insertBucket(ctx.records.db, bucket)) === "exists") {
      const owned = (await findBucket(ctx.records.db, name))?.account === ctx.accountId;
      // In its oldest region S3 lets the owner ask twice.
      if (!owned || ctx.region !== "us-east-1") throw bucketExists(name, owned);
    }
    return { Location: `/${name}`, BucketArn: bucketArn(name) };
  },
};

/** s3cmd signs for the oldest region by the name that it once had. */
function regionOfScope(region: string): string {
  return region === "US" ? "us-east-1" : region;
}

function regionOf(location: string | undefined): string | undefined {
  if (!location) return undefined;
  if (location === "EU") return "eu-west-1";
  if (!/^[a-z0-9-]{1,63}$/.test(location)) throw invalidLocation(location);
  return location;
}
