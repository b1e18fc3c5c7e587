import type { ListBucketsOutput, ListBucketsRequest } from "@aws-sdk/client-s3";
import { listBuckets as findBuckets } from "../../storage/records/buckets.ts";
import type { Operation } from "../operation.ts";
import { isBucketName } from "./bucket-name.ts";
import type { S3Context } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { ownerOf } from "./owner.ts";

const mostPerPage = 10_000;

/** The caller's own, of all regions unless one is asked for. */
export const listBuckets: Operation<ListBucketsRequest, ListBucketsOutput, S3Context> = {
  authorize: () => ({ action: "s3:ListAllMyBuckets", resource: "*" }),

  async run(input, ctx) {
    const { MaxBuckets: max = mostPerPage, Prefix: prefix = "", ContinuationToken, BucketRegion: region } = input;
    if (!Number.isInteger(max) || max < 1 || mostPerPage < max)
      throw invalidArgument(
        `Argument max-buckets must be an integer between 1 and ${mostPerPage}`,
        "max-buckets",
        String(max),
      );
    const after = ContinuationToken && Buffer.from(ContinuationToken, "base64url").toString();
    if (after && !isBucketName(after))
      throw invalidArgument("The continuation token provided is incorrect", "continuation-token", ContinuationToken);
    const found = await findBuckets(ctx.records.db, ctx.accountId, { prefix, after, region, limit: max + 1 });
    const page = found.slice(0, max);
    const last = page.at(-1);
    return {
      Buckets: page.map(({ name, createdAt, region }) => ({
        Name: name,
        CreationDate: new Date(createdAt),
        BucketRegion: region,
      })),
      Owner: ownerOf(ctx.accountId),
      ContinuationToken: max < found.length && last ? Buffer.from(last.name).toString("base64url") : undefined,
      Prefix: input.Prefix,
    };
  },
};
