import type { ListObjectVersionsOutput, ListObjectVersionsRequest } from "@aws-sdk/client-s3";
import type { Operation, With } from "../operation.ts";
import { onListing } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { invalidArgument } from "./errors.ts";
import { listEntries } from "./list-entries.ts";
import { pageSize } from "./listing.ts";
import { encoderOf } from "./listing-encoding.ts";

/** Of a bucket without versioning: every object is its only version, `null`. */
export const listObjectVersions: Operation<
  With<ListObjectVersionsRequest, "Bucket">,
  ListObjectVersionsOutput,
  S3Context
> = {
  authorize: onListing("s3:ListBucketVersions"),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    const encode = encoderOf(input.EncodingType);
    const maxKeys = pageSize("max-keys", input.MaxKeys);
    if (input.VersionIdMarker && !input.KeyMarker)
      throw invalidArgument(
        "A version-id marker cannot be specified without a key marker.",
        "version-id-marker",
        input.VersionIdMarker,
      );
    const { contents, prefixes, truncated, last } = await listEntries(ctx, bucket, {
      prefix: input.Prefix ?? "",
      delimiter: input.Delimiter ?? "",
      after: input.KeyMarker || undefined,
      maxKeys,
      encode,
      withOwner: true,
    });
    return {
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      KeyMarker: encode(input.KeyMarker ?? ""),
      VersionIdMarker: input.VersionIdMarker ?? "",
      NextKeyMarker: truncated && last !== undefined ? encode(last) : undefined,
      NextVersionIdMarker: truncated ? "null" : undefined,
      Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
      MaxKeys: maxKeys,
      IsTruncated: truncated,
      EncodingType: input.EncodingType,
      Versions: contents.map((object) => ({
        ...object,
        StorageClass: object.StorageClass as "STANDARD",
        VersionId: "null",
        IsLatest: true,
      })),
      CommonPrefixes: prefixes,
    };
  },
};
