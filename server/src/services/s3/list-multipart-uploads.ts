import type { ListMultipartUploadsOutput, ListMultipartUploadsRequest } from "@aws-sdk/client-s3";
import { type ListedUpload, listUploads } from "../../storage/records/uploads.ts";
import type { Operation, With } from "../operation.ts";
import { onBucket } from "./access.ts";
import { needBucket, type S3Context } from "./context.ts";
import { listPage, pageSize } from "./listing.ts";
import { encoderOf } from "./listing-encoding.ts";
import { ownerOf } from "./owner.ts";

/** Uploads that are neither completed nor aborted, by key and then by age. */
export const listMultipartUploads: Operation<
  With<ListMultipartUploadsRequest, "Bucket">,
  ListMultipartUploadsOutput,
  S3Context
> = {
  authorize: onBucket("s3:ListBucketMultipartUploads"),

  async run(input, ctx) {
    const bucket = await needBucket(ctx, input);
    const encode = encoderOf(input.EncodingType);
    const maxUploads = pageSize("max-uploads", input.MaxUploads);
    const { KeyMarker: markerKey, UploadIdMarker: markerId } = input;
    const prefix = input.Prefix ?? "";
    type Marker = { key: string; id?: string };
    const page = await listPage<ListedUpload | Marker>({
      prefix,
      delimiter: input.Delimiter ?? "",
      // An id says nothing without its key.
      after: markerKey ? { key: markerKey, id: markerId || undefined } : undefined,
      maxEntries: maxUploads,
      fetch: (from, limit) =>
        listUploads(ctx.records.db, bucket.name, {
          prefix,
          after: from && "after" in from ? from.after : undefined,
          from: from && "at" in from ? from.at : undefined,
          limit,
        }),
    });
    const owner = ownerOf(bucket.account);
    const { last } = page;
    const next = last && ("item" in last ? last.item : { key: last.group, id: undefined });
    return {
      Bucket: bucket.name,
      Prefix: encode(prefix),
      Delimiter: input.Delimiter ? encode(input.Delimiter) : undefined,
      KeyMarker: encode(markerKey ?? ""),
      UploadIdMarker: markerId ?? "",
      NextKeyMarker: page.truncated && next !== undefined ? encode(next.key) : undefined,
      NextUploadIdMarker: page.truncated ? next?.id : undefined,
      MaxUploads: maxUploads,
      IsTruncated: page.truncated,
      EncodingType: input.EncodingType,
      Uploads: (page.items as readonly ListedUpload[]).map((upload) => ({
        UploadId: upload.id,
        Key: encode(upload.key),
        Initiated: new Date(upload.createdAt),
        StorageClass: upload.storageClass as "STANDARD",
        Owner: owner,
        Initiator: owner,
        ChecksumAlgorithm: upload.checksumAlgorithm?.toUpperCase() as "CRC32" | undefined,
        ChecksumType: upload.checksumType,
      })),
      CommonPrefixes: page.groups.map((group) => ({ Prefix: encode(group) })),
    };
  },
};
