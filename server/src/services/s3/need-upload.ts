/**
 * The upload that a request names.
 */
import { findUpload, type Upload } from "../../storage/records/uploads.ts";
import { type Call, needBucket } from "./context.ts";
import { invalidArgument, noSuchUpload } from "./errors.ts";

export const maxPartNumber = 10_000;

type UploadInput = { Bucket: string; Key: string; UploadId: string; ExpectedBucketOwner?: string };

export async function needUpload(ctx: Call, input: UploadInput): Promise<Upload> {
  await needBucket(ctx, input);
  const upload = await findUpload(ctx.records.db, input.Bucket, input.Key, input.UploadId);
  if (upload === undefined) throw noSuchUpload(input.UploadId);
  return upload;
}

export function checkPartNumber(number: number): void {
  if (!Number.isInteger(number) || number < 1 || maxPartNumber < number)
    throw invalidArgument(
      "Part number must be an integer between 1 and 10000, inclusive",
      "partNumber",
      String(number),
    );
}
