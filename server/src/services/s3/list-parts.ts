import type { ListPartsOutput, ListPartsRequest } from "@aws-sdk/client-s3";
import { listParts as findParts } from "../../storage/records/uploads.ts";
import type { Operation, With } from "../operation.ts";
import { onObject } from "./access.ts";
import { checksumMembers } from "./checksums.ts";
import { needBucket, quoted, type S3Context } from "./context.ts";
import { pageSize } from "./listing.ts";
import { needUpload } from "./need-upload.ts";
import { ownerOf } from "./owner.ts";

/** By number. */
export const listParts: Operation<With<ListPartsRequest, "Bucket" | "Key" | "UploadId">, ListPartsOutput, S3Context> = {
  authorize: onObject("s3:ListMultipartUploadParts"),

  async run(input, ctx) {
    const upload = await needUpload(ctx, input);
    const maxParts = pageSize("max-parts", input.MaxParts);
    const after = Number(input.PartNumberMarker ?? 0) || 0;
    const found = await findParts(ctx.records.db, upload.id, { after, limit: maxParts + 1 });
    const parts = found.slice(0, maxParts);
    const truncated = maxParts > 0 && maxParts < found.length;
    const owner = ownerOf((await needBucket(ctx, input)).account);
    return {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: String(after),
      NextPartNumberMarker: String(parts.at(-1)?.number ?? 0),
      MaxParts: maxParts,
      IsTruncated: truncated,
      Parts: parts.map((part) => ({
        PartNumber: part.number,
        LastModified: new Date(part.modifiedAt),
        ETag: quoted(part.etag),
        Size: part.size,
        ...checksumMembers(part.checksums),
      })),
      Initiator: owner,
      Owner: owner,
      StorageClass: upload.storageClass as "STANDARD",
      ChecksumAlgorithm: upload.checksumAlgorithm?.toUpperCase() as "CRC32" | undefined,
      ChecksumType: upload.checksumType,
    };
  },
};
