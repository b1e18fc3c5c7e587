import type { UploadPartOutput, UploadPartRequest } from "@aws-sdk/client-s3";
import type { Upload } from "../../storage/records/uploads.ts";
import type { Bytes, Operation } from "../operation.ts";
import { onObject } from "./access.ts";
import { algorithmOf, checksumMembers, type Expected, expectedChecksums } from "./checksums.ts";
import { quoted, type S3Context } from "./context.ts";
import { encryptionMembers, sealingOf } from "./encryption.ts";
import { invalidRequest } from "./errors.ts";
import { checkPartNumber, needUpload } from "./need-upload.ts";
import { namingVanished, receiveBody } from "./receive-body.ts";

export type UploadPartInput = Omit<UploadPartRequest, "Body" | "Bucket" | "Key" | "UploadId" | "PartNumber"> & {
  Bucket: string;
  Key: string;
  UploadId: string;
  PartNumber: number;
  Body?: Bytes;
};

/** In the place of an earlier part of that number. */
export const uploadPart: Operation<UploadPartInput, UploadPartOutput, S3Context> = {
  authorize: onObject("s3:PutObject"),

  async run(input, ctx) {
    const { PartNumber: number, UploadId: uploadId } = input;
    checkPartNumber(number);
    const upload = await needUpload(ctx, input);
    const expected = expectedChecksums(ctx);
    checkAlgorithm(upload, expected);
    const sealing = await sealingOf(ctx, upload, input);
    const part = await receiveBody(
      ctx,
      input.Body,
      { expected, algorithm: algorithmOf(upload.checksumAlgorithm), part: { uploadId, number }, sealing },
      (received) => namingVanished({ bucket: input.Bucket, uploadId }, ctx.objects.putPart(upload, number, received)),
    );
    return { ETag: quoted(part.etag), ...checksumMembers(part.checksums), ...encryptionMembers(upload.encryption) };
  },
};

/** The parts of an upload share the algorithm that it began with. */
function checkAlgorithm({ checksumAlgorithm }: Upload, { algorithms }: Expected): void {
  const [given] = algorithms;
  if (checksumAlgorithm === undefined || given === undefined || given === checksumAlgorithm) return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${checksumAlgorithm}, actual checksum Type: ${given}`,
  );
}
