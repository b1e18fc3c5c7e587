/**
 * What becomes of an upload's parts when it is completed: which are taken, the ETag, the size and the checksum.
 */
import { createHash } from "node:crypto";
import type { CompletedPart, CompleteMultipartUploadRequest } from "@aws-sdk/client-s3";
import { createChecksum } from "../../base/checksums.ts";
import type { Checksums, StoredObject } from "../../storage/records/objects.ts";
import type { Upload, UploadedPart } from "../../storage/records/uploads.ts";
import { type Algorithm, algorithmOf, memberOf } from "./checksums.ts";
import { combineCrcs } from "./combine-crcs.ts";
import { unquoted } from "./conditions.ts";
import {
  badChecksum,
  entityTooLarge,
  entityTooSmall,
  invalidPart,
  invalidPartOrder,
  invalidRequest,
  malformedXml,
} from "./errors.ts";

export const minPartBytes = 5 * 1024 ** 2;
const maxObjectBytes = 5 * 1024 ** 4;

type Claimed = Omit<CompleteMultipartUploadRequest, "Bucket" | "Key" | "UploadId">;

/** `listed`: the parts that the client names, not empty. @throws ServiceError */
export function joinParts(
  upload: Upload,
  uploaded: readonly UploadedPart[],
  listed: readonly CompletedPart[],
  claimed: Claimed,
): Pick<StoredObject, "etag" | "size" | "checksums" | "bytes"> {
  const parts = chooseParts(upload, uploaded, listed);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (maxObjectBytes < size) throw entityTooLarge(size, maxObjectBytes);
  if (claimed.MpuObjectSize !== undefined && Number(claimed.MpuObjectSize) !== size)
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${claimed.MpuObjectSize} does not match what was computed: ${size}`,
    );

  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(etag, "hex");
  const checksums = joinChecksums(upload, parts);
  checkClaimed(upload, checksums, claimed);
  return {
    etag: `${md5.digest("hex")}-${parts.length}`,
    size,
    checksums,
    bytes: {
      kind: "parts",
      parts: parts.map(({ number, blob, size, etag, checksums }) => ({ number, blob, size, etag, checksums })),
    },
  };
}

function chooseParts(
  { id }: Upload,
  uploaded: readonly UploadedPart[],
  listed: readonly CompletedPart[],
): readonly UploadedPart[] {
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  let last = 0;
  const chosen = listed.map((listedPart) => {
    const { PartNumber: number, ETag: etag } = listedPart;
    if (number === undefined || etag === undefined) throw malformedXml();
    if (number <= last) throw invalidPartOrder(id);
    last = number;
    const part = byNumber.get(number);
    if (part === undefined || part.etag !== unquoted(etag)) throw invalidPart(id, number, etag);
    for (const [algorithm, value] of Object.entries(part.checksums)) {
      const given = listedPart[memberOf(algorithm)];
      if (given !== undefined && given !== value) throw invalidPart(id, number, etag);
    }
    return part;
  });
  for (const part of chosen.slice(0, -1))
    if (part.size < minPartBytes) throw entityTooSmall(part.size, minPartBytes, part);
  return chosen;
}

function joinChecksums(upload: Upload, parts: readonly UploadedPart[]): Checksums {
  const type = upload.checksumType ?? "FULL_OBJECT";
  const algorithm = algorithmOf(upload.checksumAlgorithm);
  if (algorithm === undefined) return { type, values: {} };
  const values = parts.map(({ checksums, size }) => ({ value: checksums[algorithm]!, size }));
  const joined =
    type === "COMPOSITE"
      ? `${checksumOfChecksums(algorithm, values)}-${parts.length}`
      : combineCrcs(algorithm as "crc32" | "crc32c" | "crc64nvme", values);
  return { type, values: { [algorithm]: joined } };
}

function checksumOfChecksums(algorithm: Algorithm, parts: readonly { value: string }[]): string {
  const checksum = createChecksum(algorithm);
  for (const { value } of parts) checksum.update(Buffer.from(value, "base64"));
  return checksum.digestBase64();
}

/** The checksum of the whole that the client computed, if it did. */
function checkClaimed(upload: Upload, { type, values }: Checksums, claimed: Claimed): void {
  if (claimed.ChecksumType !== undefined && claimed.ChecksumType !== (upload.checksumType ?? claimed.ChecksumType))
    throw invalidRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  for (const [algorithm, value] of Object.entries(values)) {
    const given = claimed[memberOf(algorithm)];
    // A composite may be given without the number of parts behind it.
    if (given !== undefined && given !== value && given !== value.replace(/-\d+$/, "")) throw badChecksum(algorithm);
  }
}
