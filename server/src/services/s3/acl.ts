/**
 * The four ACL operations: the owner has everything, nobody else anything, as in buckets of AWS's default.
 */
import type {
  AccessControlPolicy,
  GetBucketAclOutput,
  GetBucketAclRequest,
  GetObjectAclOutput,
  GetObjectAclRequest,
  PutBucketAclRequest,
  PutObjectAclOutput,
  PutObjectAclRequest,
} from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onBucket, onStoredObject } from "./access.ts";
import { needBucket, needObject, type S3Context } from "./context.ts";
import { checkAcl } from "./description.ts";
import { aclsDisabled } from "./errors.ts";
import { ownerOf, ownersAcl } from "./owner.ts";

export const getBucketAcl: Operation<With<GetBucketAclRequest, "Bucket">, GetBucketAclOutput, S3Context> = {
  authorize: onBucket("s3:GetBucketAcl"),

  async run(input, ctx) {
    return ownersAcl((await needBucket(ctx, input)).account);
  },
};

export const putBucketAcl: Operation<With<PutBucketAclRequest, "Bucket">, object, S3Context> = {
  authorize: onBucket("s3:PutBucketAcl"),

  async run(input, ctx) {
    const { account } = await needBucket(ctx, input);
    checkAcl(input);
    checkPolicy(input.AccessControlPolicy, account);
    return {};
  },
};

export const getObjectAcl: Operation<With<GetObjectAclRequest, "Bucket" | "Key">, GetObjectAclOutput, S3Context> = {
  authorize: onStoredObject("s3:GetObjectAcl"),

  async run(input, ctx) {
    await needObject(ctx, input);
    return ownersAcl((await needBucket(ctx, input)).account);
  },
};

export const putObjectAcl: Operation<With<PutObjectAclRequest, "Bucket" | "Key">, PutObjectAclOutput, S3Context> = {
  authorize: onStoredObject("s3:PutObjectAcl"),

  async run(input, ctx) {
    await needObject(ctx, input);
    checkAcl(input);
    checkPolicy(input.AccessControlPolicy, (await needBucket(ctx, input)).account);
    return {};
  },
};

/** What was read may be written back. */
function checkPolicy(policy: AccessControlPolicy | undefined, account: string): void {
  const { ID } = ownerOf(account);
  if (policy?.Grants?.some(({ Grantee }) => Grantee?.ID !== ID)) throw aclsDisabled();
}
