/**
 * S3, API version 2006-03-01.
 *
 * Gaps: not-done.ts, answered by name; object locks, appends and double encryption (aws:kms:dsse), refused by header.
 * Checksums are CRC32, CRC32C, CRC64NVME, SHA-1, SHA-256 and SHA-512, kept when the client sends or asks for one.
 *
 * By design: a bucket is found from every region; ACLs are disabled, as in AWS's own new buckets; all storage classes
 * lie in the same place; an unfinished upload does not keep its bucket from being deleted.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BlobStore } from "../../storage/blobs/blob-store.ts";
import { createObjectKeys } from "../../storage/buckets/object-keys.ts";
import { createObjectStore } from "../../storage/buckets/object-store.ts";
import type { KeyStore } from "../../storage/keys/key-store.ts";
import { findBucket } from "../../storage/records/buckets.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Service } from "../operation.ts";
import { abortMultipartUpload } from "./abort-multipart-upload.ts";
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from "./acl.ts";
import { deleteBucketEncryption, getBucketEncryption, putBucketEncryption } from "./bucket-encryption.ts";
import { completeMultipartUpload } from "./complete-multipart-upload.ts";
import { configurations } from "./configurations.ts";
import type { S3Context } from "./context.ts";
import { copyObject } from "./copy-object.ts";
import { corsHeaders } from "./cors.ts";
import { createBucket } from "./create-bucket.ts";
import { createMultipartUpload } from "./create-multipart-upload.ts";
import { deleteBucket } from "./delete-bucket.ts";
import { deleteBucketCors } from "./delete-bucket-cors.ts";
import { deleteBucketPolicy } from "./delete-bucket-policy.ts";
import { deleteBucketTagging } from "./delete-bucket-tagging.ts";
import { deleteObject } from "./delete-object.ts";
import { deleteObjectTagging } from "./delete-object-tagging.ts";
import { deleteObjects } from "./delete-objects.ts";
import { getBucketCors } from "./get-bucket-cors.ts";
import { getBucketLocation } from "./get-bucket-location.ts";
import { getBucketPolicy } from "./get-bucket-policy.ts";
import { getBucketPolicyStatus } from "./get-bucket-policy-status.ts";
import { getBucketTagging } from "./get-bucket-tagging.ts";
import { getObject } from "./get-object.ts";
import { getObjectAttributes } from "./get-object-attributes.ts";
import { getObjectTagging } from "./get-object-tagging.ts";
import { headBucket } from "./head-bucket.ts";
import { headObject } from "./head-object.ts";
import { listBuckets } from "./list-buckets.ts";
import { listMultipartUploads } from "./list-multipart-uploads.ts";
import { listObjectVersions } from "./list-object-versions.ts";
import { listObjects } from "./list-objects.ts";
import { listObjectsV2 } from "./list-objects-v2.ts";
import { listParts } from "./list-parts.ts";
import { notDone } from "./not-done.ts";
import { postObject } from "./post-object.ts";
import { deletePublicAccessBlock, getPublicAccessBlock, putPublicAccessBlock } from "./public-access-block.ts";
import { putBucketCors } from "./put-bucket-cors.ts";
import { putBucketPolicy } from "./put-bucket-policy.ts";
import { putBucketTagging } from "./put-bucket-tagging.ts";
import { putObject } from "./put-object.ts";
import { putObjectTagging } from "./put-object-tagging.ts";
import { uploadPart } from "./upload-part.ts";
import { uploadPartCopy } from "./upload-part-copy.ts";

export const operations = {
  DeleteBucketEncryption: deleteBucketEncryption,
  DeleteBucketPolicy: deleteBucketPolicy,
  DeletePublicAccessBlock: deletePublicAccessBlock,
  GetBucketEncryption: getBucketEncryption,
  GetBucketPolicy: getBucketPolicy,
  GetBucketPolicyStatus: getBucketPolicyStatus,
  GetPublicAccessBlock: getPublicAccessBlock,
  PutBucketEncryption: putBucketEncryption,
  PutBucketPolicy: putBucketPolicy,
  PutPublicAccessBlock: putPublicAccessBlock,
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketCors: deleteBucketCors,
  DeleteBucketTagging: deleteBucketTagging,
  DeleteObject: deleteObject,
  DeleteObjectTagging: deleteObjectTagging,
  DeleteObjects: deleteObjects,
  GetBucketAcl: getBucketAcl,
  GetBucketCors: getBucketCors,
  GetBucketLocation: getBucketLocation,
  GetBucketTagging: getBucketTagging,
  GetObject: getObject,
  GetObjectAcl: getObjectAcl,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjectVersions: listObjectVersions,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListParts: listParts,
  PutBucketAcl: putBucketAcl,
  PutBucketCors: putBucketCors,
  PutBucketTagging: putBucketTagging,
  PutObject: putObject,
  PutObjectAcl: putObjectAcl,
  PutObjectTagging: putObjectTagging,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ...configurations,
};

/** Members that rows are looked for by. PostgreSQL's text holds no null character. */
const looked = ["Bucket", "Key", "KeyMarker", "Marker", "Prefix", "StartAfter", "UploadId", "UploadIdMarker"];

/** Operations that a bucket's policy may open to callers who have not signed. */
const unsigned = new Set([
  "AbortMultipartUpload",
  "CompleteMultipartUpload",
  "CreateMultipartUpload",
  "DeleteObject",
  "DeleteObjects",
  "DeleteObjectTagging",
  "GetBucketLocation",
  "GetObject",
  "GetObjectAttributes",
  "GetObjectTagging",
  "HeadBucket",
  "HeadObject",
  "ListMultipartUploads",
  "ListObjects",
  "ListObjectsV2",
  "ListObjectVersions",
  "ListParts",
  "PutObject",
  "PutObjectTagging",
  "UploadPart",
]);

export type S3Options = {
  records: Records;
  blobs: BlobStore;
  keys: KeyStore;
  clock: Clock;
  random: Random;
  log: Log;
};

export function openS3Service({ records, blobs, keys, clock, random, log }: S3Options): Service<S3Context> {
  const objectKeys = createObjectKeys({ keys, clock, random });
  const objects = createObjectStore({ records, blobs, objectKeys, clock, random });
  return {
    model: "s3",
    context: { records, objects, objectKeys, keys, log },
    // Browsers' forms are no operation of the model.
    operations: { ...operations, PostObject: postObject },
    notDone,
    unsigned,
    constraints: Object.fromEntries(looked.map((member) => [`*.${member}`, { pattern: /[^\0]*/ }])),
    async cors({ bucket, ...request }) {
      return corsHeaders((await findBucket(records.db, bucket))?.settings.cors ?? [], request);
    },
  };
}
