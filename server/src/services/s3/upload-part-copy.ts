import type { UploadPartCopyOutput, UploadPartCopyRequest } from "@aws-sdk/client-s3";
import type { ByteRange } from "../../storage/blobs/blob-store.ts";
import type { Operation, With } from "../operation.ts";
import { objectAccess } from "./access.ts";
import { algorithmOf, checksumMembers } from "./checksums.ts";
import { quoted, type S3Context } from "./context.ts";
import { needCopySource, sourceAccess } from "./copy-source.ts";
import { encryptionMembers, namingKeyFailures, readerOf, sealingOf, sourceMembers } from "./encryption.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";
import { checkPartNumber, needUpload } from "./need-upload.ts";
import { maxPutBytes, namingVanished, orDiscard } from "./receive-body.ts";

type UploadPartCopyInput = With<UploadPartCopyRequest, "Bucket" | "Key" | "UploadId" | "PartNumber" | "CopySource">;

/** A part from an object that is already here, or from a range of it. */
export const uploadPartCopy: Operation<UploadPartCopyInput, UploadPartCopyOutput, S3Context> = {
  authorize: async (input, ctx) => [
    ...(await sourceAccess(input, ctx)),
    await objectAccess(ctx, "s3:PutObject", { Bucket: input.Bucket, Key: input.Key }),
  ],

  async run(input, ctx) {
    const { PartNumber: number, UploadId: uploadId } = input;
    checkPartNumber(number);
    const upload = await needUpload(ctx, input);
    const source = await needCopySource(ctx, input);
    const range = parseCopyRange(input.CopySourceRange, source.size);
    const algorithm = algorithmOf(upload.checksumAlgorithm);
    const sealing = await sealingOf(ctx, upload, input);
    const reader = await readerOf(ctx, source, sourceMembers(input));
    const bytes = await namingKeyFailures(() => ctx.objects.read(source, { range, ...reader }));
    const received = await ctx.objects.receive(bytes, {
      checksums: algorithm === undefined ? [] : [algorithm],
      sealing,
      signal: ctx.signal,
      part: { uploadId, number },
    });
    const part = await orDiscard(ctx, received, () =>
      namingVanished({ bucket: input.Bucket, uploadId }, ctx.objects.putPart(upload, number, received)),
    );
    return {
      CopyPartResult: {
        ETag: quoted(part.etag),
        LastModified: new Date(part.modifiedAt),
        ...checksumMembers(part.checksums),
      },
      ...encryptionMembers(upload.encryption),
    };
  },
};

/** `bytes=first-last`, both given and both inside: unlike Range, nothing is clipped. */
export function parseCopyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return checkSize({ from: 0, to: size });
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const invalid = (message: string) => invalidArgument(message, "x-amz-copy-source-range", header);
  if (match === null)
    throw invalid(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  const range = { from: Number(match[1]), to: Number(match[2]) + 1 };
  if (range.to <= range.from || size < range.to)
    throw invalid(`Range specified is not valid for source object of size: ${size}`);
  return checkSize(range);
}

function checkSize(range: ByteRange): ByteRange {
  if (maxPutBytes < range.to - range.from)
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${maxPutBytes}`,
    );
  return range;
}
