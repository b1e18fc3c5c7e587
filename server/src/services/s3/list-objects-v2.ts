import type { ListObjectsV2Output, ListObjectsV2Request } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onListing } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { listEntries } from "./list-entries.ts";
import { pageSize } from "./listing.ts";
import { encoderOf } from "./listing-encoding.ts";

/** The token is the last key or group of the page, opaque to callers: what is written meanwhile cannot unsettle it. */
export const listObjectsV2: Operation<With<ListObjectsV2Request, "Bucket">, ListObjectsV2Output, S3Context> = {
  authorize: onListing("s3:ListBucket"),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    const encode = encoderOf(input.EncodingType);
    const maxKeys = pageSize("max-keys", input.MaxKeys);
    const { ContinuationToken, StartAfter } = input;
    const { contents, prefixes, truncated, last } = await listEntries(ctx, bucket, {
      prefix: input.Prefix ?? "",
      delimiter: input.Delimiter ?? "",
      after: ContinuationToken === undefined ? StartAfter || undefined : parseToken(ContinuationToken),
      maxKeys,
      encode,
      withOwner: input.FetchOwner ?? false,
    });
    return {
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
      MaxKeys: maxKeys,
      KeyCount: contents.length + prefixes.length,
      IsTruncated: truncated,
      ContinuationToken,
      NextContinuationToken: truncated && last !== undefined ? tokenOf(last) : undefined,
      StartAfter: StartAfter && encode(StartAfter),
      EncodingType: input.EncodingType,
      Contents: contents,
      CommonPrefixes: prefixes,
    };
  },
};

function tokenOf(last: string): string {
  return Buffer.from(`1${last}`).toString("base64url");
}

function parseToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith("1") || text.includes("\0") || tokenOf(text.slice(1)) !== token)
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
  return text.slice(1);
}
