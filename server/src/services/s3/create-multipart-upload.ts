import type { CreateMultipartUploadOutput, CreateMultipartUploadRequest } from "@aws-sdk/client-s3";
import type { Upload } from "../../storage/records/uploads.ts";
import type { Operation, With } from "../operation.ts";
import { writeAccess } from "./access.ts";
import { algorithmOf } from "./checksums.ts";
import { needBucket, type S3Context } from "./context.ts";
import { checkAcl, checkKey, descriptionOf, refuseNotDone } from "./description.ts";
import { sealingFor, writtenMembers } from "./encryption.ts";
import { invalidRequest } from "./errors.ts";
import { namingVanished } from "./receive-body.ts";

/** The object gets the metadata that is given here, and only comes to be when the upload is completed. */
export const createMultipartUpload: Operation<
  With<CreateMultipartUploadRequest, "Bucket" | "Key">,
  CreateMultipartUploadOutput,
  S3Context
> = {
  authorize: writeAccess,

  async run(input, ctx) {
    const { Bucket: bucket, Key: key } = input;
    const found = await needBucket(ctx, input);
    checkKey(key);
    refuseNotDone(input);
    checkAcl(input);
    const description = descriptionOf(input, ctx.header("expires"));
    const checksums = checksumPlan(input.ChecksumAlgorithm, input.ChecksumType);
    const { encryption } = await sealingFor(ctx, found, key, input);
    const begun = ctx.objects.begin({ bucket, key, ...description, ...checksums, encryption });
    const upload = await namingVanished({ bucket }, begun);
    return {
      Bucket: bucket,
      Key: key,
      UploadId: upload.id,
      ChecksumAlgorithm: input.ChecksumAlgorithm,
      ChecksumType: upload.checksumType,
      ...writtenMembers(encryption),
    };
  },
};

/** SHA has no way to join parts into a checksum of the whole, CRC64NVME no other. */
function checksumPlan(
  name: string | undefined,
  type: string | undefined,
): Pick<Upload, "checksumAlgorithm" | "checksumType"> {
  const checksumAlgorithm = algorithmOf(name);
  if (checksumAlgorithm === undefined) {
    if (type === undefined) return {};
    throw invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  }
  const whole = checksumAlgorithm === "crc64nvme";
  const checksumType = type ?? (whole ? "FULL_OBJECT" : "COMPOSITE");
  const possible = checksumAlgorithm.startsWith("sha")
    ? ["COMPOSITE"]
    : whole
      ? ["FULL_OBJECT"]
      : ["COMPOSITE", "FULL_OBJECT"];
  if (!possible.includes(checksumType))
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${checksumAlgorithm} checksum algorithm.`,
    );
  return { checksumAlgorithm, checksumType: checksumType as Upload["checksumType"] };
}
