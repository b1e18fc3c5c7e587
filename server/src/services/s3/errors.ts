/**
 * S3's errors: code, status, sentence and the members beside them.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import { ServiceError } from "../service-error.ts";

export function accessDenied(): ServiceError {
  return new ServiceError("AccessDenied", 403, "Access Denied");
}

export function noSuchBucket(bucket: string): ServiceError {
  const members = { BucketName: bucket };
  return new ServiceError("NoSuchBucket", 404, "The specified bucket does not exist", { members });
}

export function noSuchKey(key: string): ServiceError {
  return new ServiceError("NoSuchKey", 404, "The specified key does not exist.", { members: { Key: key } });
}

export function noSuchUpload(uploadId: string): ServiceError {
  const message =
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
  return new ServiceError("NoSuchUpload", 404, message, { members: { UploadId: uploadId } });
}

/** Well-formed or not: no version but `null` was ever made. */
export function invalidVersion(versionId: string, key: string): ServiceError {
  const members = { Key: key, VersionId: versionId };
  return new ServiceError("NoSuchVersion", 404, "The specified version does not exist.", { members });
}

/** 404 of a bucket's part that was never set: NoSuchCORSConfiguration and its like. */
export function notConfigured(code: string, message: string, bucket: string): ServiceError {
  return new ServiceError(code, 404, message, { members: { BucketName: bucket } });
}

export function bucketExists(bucket: string, owned: boolean): ServiceError {
  const members = { BucketName: bucket };
  if (owned) {
    const message = "Your previous request to create the named bucket succeeded and you already own it.";
    return new ServiceError("BucketAlreadyOwnedByYou", 409, message, { members });
  }
  const message =
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
  return new ServiceError("BucketAlreadyExists", 409, message, { members });
}

export function bucketNotEmpty(bucket: string): ServiceError {
  const members = { BucketName: bucket };
  return new ServiceError("BucketNotEmpty", 409, "The bucket you tried to delete is not empty", { members });
}

export function invalidBucketName(bucket: string): ServiceError {
  const members = { BucketName: bucket };
  return new ServiceError("InvalidBucketName", 400, "The specified bucket is not valid.", { members });
}

export function invalidLocation(location: string): ServiceError {
  const members = { LocationConstraint: location };
  const message = "The specified location-constraint is not valid";
  return new ServiceError("InvalidLocationConstraint", 400, message, { members });
}

export function invalidArgument(message: string, name?: string, value?: string): ServiceError {
  const members = name === undefined ? {} : { ArgumentName: name, ArgumentValue: value ?? "" };
  return new ServiceError("InvalidArgument", 400, message, { members });
}

export function invalidRequest(message: string): ServiceError {
  return new ServiceError("InvalidRequest", 400, message);
}

export function malformedXml(): ServiceError {
  const message = "The XML you provided was not well-formed or did not validate against our published schema";
  return new ServiceError("MalformedXML", 400, message);
}

export function keyTooLong(sizeBytes: number): ServiceError {
  const members = { Size: sizeBytes, MaxSizeAllowed: 1024 };
  return new ServiceError("KeyTooLongError", 400, "Your key is too long", { members });
}

export function metadataTooLarge(sizeBytes: number): ServiceError {
  const members = { Size: sizeBytes, MaxSizeAllowed: 2048 };
  const message = "Your metadata headers exceed the maximum allowed metadata size";
  return new ServiceError("MetadataTooLarge", 400, message, { members });
}

export function invalidTag(message: string, key?: string): ServiceError {
  return new ServiceError("InvalidTag", 400, message, { members: key === undefined ? {} : { TagKey: key } });
}

export function invalidStorageClass(storageClass: string): ServiceError {
  const members = { StorageClassRequested: storageClass };
  return new ServiceError("InvalidStorageClass", 400, "The storage class you specified is not valid", { members });
}

export function aclsDisabled(): ServiceError {
  return new ServiceError("AccessControlListNotSupported", 400, "The bucket does not allow ACLs");
}

/** A key of KMS that cannot be used; `problem`: as KMS names it, without `Exception`. */
export function keyFailed(problem: string, message: string): ServiceError {
  return new ServiceError(`KMS.${problem}Exception`, 400, message);
}

export function invalidCustomerAlgorithm(algorithm: string): ServiceError {
  const members = { ArgumentName: "x-amz-server-side-encryption-customer-algorithm", ArgumentValue: algorithm };
  const message = "The encryption request you specified is not valid. The valid value is AES256.";
  return new ServiceError("InvalidEncryptionAlgorithmError", 400, message, { members });
}

export function noBucketPolicy(bucket: string): ServiceError {
  return notConfigured("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);
}

export function publicPolicyBlocked(): ServiceError {
  const message =
    "Access Denied: public policies are prevented by the BlockPublicPolicy setting of the bucket's public access block.";
  return new ServiceError("AccessDenied", 403, message);
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError("MalformedPolicy", 400, message);
}

/** Names the header in the sentence, which S3 does not: most clients show nothing else of an error. */
export function headerNotDone(header: string): ServiceError {
  const message = `A header you provided implies functionality that is not implemented: ${header}`;
  return new ServiceError("NotImplemented", 501, message, { members: { Header: header } });
}

/** `condition`: the header that was not met. */
export function preconditionFailed(condition: string): ServiceError {
  const message = "At least one of the pre-conditions you specified did not hold";
  return new ServiceError("PreconditionFailed", 412, message, { members: { Condition: condition } });
}

/** Has no body; clients keep the copy they have. */
export function notModified(headers: Record<string, string>): ServiceError {
  return new ServiceError("NotModified", 304, "Not Modified", { headers });
}

export function invalidRange(requested: string, size: number): ServiceError {
  const members = { RangeRequested: requested, ActualObjectSize: size };
  const headers = { "content-range": `bytes */${size}` };
  return new ServiceError("InvalidRange", 416, "The requested range is not satisfiable", { members, headers });
}

export function invalidPartNumber(requested: number, actual: number): ServiceError {
  const members = { PartNumberRequested: requested, ActualPartCount: actual };
  return new ServiceError("InvalidPartNumber", 416, "The requested partnumber is not satisfiable", { members });
}

export function entityTooLarge(proposed: number, allowed: number): ServiceError {
  const members = { ProposedSize: proposed, MaxSizeAllowed: allowed };
  const message = "Your proposed upload exceeds the maximum allowed object size.";
  return new ServiceError("EntityTooLarge", 400, message, { members });
}

export function entityTooSmall(
  proposed: number,
  allowed: number,
  part?: { number: number; etag: string },
): ServiceError {
  const of = part === undefined ? {} : { PartNumber: part.number, ETag: part.etag };
  const members = { ProposedSize: proposed, MinSizeAllowed: allowed, ...of };
  const message = "Your proposed upload is smaller than the minimum allowed size";
  return new ServiceError("EntityTooSmall", 400, message, { members });
}

export function invalidPart(uploadId: string, number: number, etag: string): ServiceError {
  const message =
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  const members = { UploadId: uploadId, PartNumber: number, ETag: etag };
  return new ServiceError("InvalidPart", 400, message, { members });
}

export function invalidPartOrder(uploadId: string): ServiceError {
  const message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
  return new ServiceError("InvalidPartOrder", 400, message, { members: { UploadId: uploadId } });
}

export function invalidDigest(given: string): ServiceError {
  const members = { "Content-MD5": given };
  return new ServiceError("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", { members });
}

export function badMd5(given: string, computed: string): ServiceError {
  const members = { ExpectedDigest: given, CalculatedDigest: computed };
  const message = "The Content-MD5 you specified did not match what we received.";
  return new ServiceError("BadDigest", 400, message, { members });
}

export function badChecksum(algorithm: string): ServiceError {
  const name = algorithm.toUpperCase();
  return new ServiceError("BadDigest", 400, `The ${name} you specified did not match the calculated checksum.`);
}
