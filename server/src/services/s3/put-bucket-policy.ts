import type { PutBucketPolicyRequest } from "@aws-sdk/client-s3";
import { changeBucketSettings } from "../../storage/records/buckets.ts";
import { inTurn } from "../../storage/records/in-turn.ts";
import type { Operation, With } from "../operation.ts";
import { keepPrincipals, UnknownPrincipal } from "../policy-principals.ts";
import { onBucketPolicy } from "./access.ts";
import { checkBucketPolicy } from "./bucket-policy.ts";
import { needBucket, type S3Context } from "./context.ts";
import { malformedPolicy, publicPolicyBlocked } from "./errors.ts";
import { isPublicPolicy } from "./public-policy.ts";

/** In the place of the one before. It counts from the next request on. */
export const putBucketPolicy: Operation<With<PutBucketPolicyRequest, "Bucket" | "Policy">, object, S3Context> = {
  authorize: onBucketPolicy("s3:PutBucketPolicy"),

  async run(input, ctx) {
    const { name, settings } = await needBucket(ctx, input);
    checkBucketPolicy(input.Policy, name);
    const policy = await keepPrincipals(input.Policy, ctx.records.db).catch((error) => {
      throw error instanceof UnknownPrincipal ? malformedPolicy(error.message) : error;
    });
    if (settings.publicAccessBlock?.blockPublicPolicy && isPublicPolicy(policy)) throw publicPolicyBlocked();
    await inTurn(ctx.records, "buckets", (db) =>
      changeBucketSettings(db, name, (settings) => ({ ...settings, policy })),
    );
    return {};
  },
};
