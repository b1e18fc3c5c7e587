import type { ListObjectsOutput, ListObjectsRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onListing } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { listEntries } from "./list-entries.ts";
import { pageSize } from "./listing.ts";
import { encoderOf } from "./listing-encoding.ts";

/** Version 1: the marker is a key in plain sight. */
export const listObjects: Operation<With<ListObjectsRequest, "Bucket">, ListObjectsOutput, S3Context> = {
  authorize: onListing("s3:ListBucket"),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    const encode = encoderOf(input.EncodingType);
    const maxKeys = pageSize("max-keys", input.MaxKeys);
    const { contents, prefixes, truncated, last } = await listEntries(ctx, bucket, {
      prefix: input.Prefix ?? "",
      delimiter: input.Delimiter ?? "",
      after: input.Marker || undefined,
      maxKeys,
      encode,
      withOwner: true,
    });
    return {
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      Marker: encode(input.Marker ?? ""),
      // Without a delimiter clients go on from the last key.
      NextMarker: truncated && input.Delimiter && last !== undefined ? encode(last) : undefined,
      Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
      MaxKeys: maxKeys,
      IsTruncated: truncated,
      EncodingType: input.EncodingType,
      Contents: contents,
      CommonPrefixes: prefixes,
    };
  },
};
