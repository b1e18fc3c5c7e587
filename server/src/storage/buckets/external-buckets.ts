/**
 * Buckets of an external S3 (`--buckets https://…`): AWS's, MinIO's, Millrace's own.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  paginateListObjectsV2,
  type S3Client,
  type StorageClass,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { answerOf, isNotFound, openS3Client, rangeHeader, type S3Access } from "../s3-client.ts";
import { uploadStream } from "../s3-upload.ts";
import {
  BucketError,
  type BucketStore,
  type ObjectHead,
  type ObjectRef,
  type WriteEncryption,
} from "./bucket-store.ts";

/** With the 10,000 parts that S3 allows: outputs of up to 160 GiB. */
const uploadPartBytes = 16 << 20;

/** `copyBytes`: what the server copies in one call; S3's own limit by default. */
export type ExternalBucketsOptions = S3Access & { copyBytes?: number };

export function openExternalBuckets({ copyBytes = 5 * 2 ** 30, ...access }: ExternalBucketsOptions): BucketStore {
  const client = openS3Client(access);

  async function find(object: ObjectRef): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await client.send(new HeadObjectCommand({ Bucket: object.bucket, Key: object.key }));
    } catch (error) {
      // HEAD has no body that could tell a missing bucket from a missing object.
      if (isNotFound(error) && (await bucketExists(object.bucket))) return undefined;
      throw bucketError(error, object);
    }
  }

  async function head(object: ObjectRef): Promise<ObjectHead | undefined> {
    const found = await find(object);
    return (
      found && {
        sizeBytes: found.ContentLength ?? 0,
        etag: (found.ETag ?? "").replaceAll('"', ""),
        contentType: found.ContentType ?? "binary/octet-stream",
        modifiedAt: found.LastModified?.getTime() ?? 0,
      }
    );
  }

  async function bucketExists(bucket: string): Promise<boolean> {
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }));
      return true;
    } catch (error) {
      if (answerOf(error).status === 404) return false;
      throw bucketError(error, { bucket, key: "" });
    }
  }

  return {
    bucketExists,
    head,

    async read(object, range) {
      if (range !== undefined && range.to <= range.from) return (await head(object)) && none();
      try {
        const input = { Bucket: object.bucket, Key: object.key, Range: range && rangeHeader(range) };
        const { Body } = await client.send(new GetObjectCommand(input));
        return Body as unknown as AsyncIterable<Uint8Array>;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        if (answerOf(error).status === 416) return none();
        throw bucketError(error, object);
      }
    },

    async write(object, body, { contentType, storageClass = "STANDARD", metadata, encryption, signal }) {
      const params = {
        Bucket: object.bucket,
        Key: object.key,
        ContentType: contentType,
        StorageClass: storageClass as StorageClass,
        Metadata: metadata,
        ...encryptionMembers(encryption),
      };
      try {
        await uploadStream(client, params, body, { partBytes: uploadPartBytes, signal });
      } catch (error) {
        throw signal?.aborted ? signal.reason : bucketError(error, object);
      }
      const written = await head(object);
      if (written === undefined)
        throw new BucketError("failed", `${describe(object)} was gone as soon as it was written`);
      return written;
    },

    async move(from, toKey) {
      const found = await find(from);
      if (found === undefined) return "missing";
      if (from.key === toKey) return "moved";
      try {
        await copy(client, from, toKey, found, copyBytes);
        await client.send(new DeleteObjectCommand({ Bucket: from.bucket, Key: from.key }));
      } catch (error) {
        // Another run of the same move was quicker.
        if (isNotFound(error)) return "missing";
        throw bucketError(error, from);
      }
      return "moved";
    },

    async *list(bucket, prefix) {
      try {
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
          for (const { Key = "" } of page.Contents ?? []) yield Key;
        }
      } catch (error) {
        throw bucketError(error, { bucket, key: prefix });
      }
    },

    async delete(object) {
      try {
        await client.send(new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key }));
      } catch (error) {
        throw bucketError(error, object);
      }
    },

    async close() {
      client.destroy();
    },
  };
}

async function copy(
  client: S3Client,
  from: ObjectRef,
  toKey: string,
  found: HeadObjectCommandOutput,
  copyBytes: number,
): Promise<void> {
  const { ContentLength: sizeBytes = 0, ContentType, StorageClass } = found;
  const source = { CopySource: `${from.bucket}/${from.key.split("/").map(encodeURIComponent).join("/")}` };
  const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = found;
  const target = { Bucket: from.bucket, Key: toKey };
  const described = { StorageClass, ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled };
  if (sizeBytes <= copyBytes) {
    await client.send(new CopyObjectCommand({ ...target, ...source, ...described }));
    return;
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ContentType, ...described }));
  try {
    const partBytes = Math.min(copyBytes, 2 ** 30);
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let at = 0; at < sizeBytes; at += partBytes) {
      const PartNumber = Parts.length + 1;
      const CopySourceRange = rangeHeader({ from: at, to: Math.min(at + partBytes, sizeBytes) });
      const part = await client.send(
        new UploadPartCopyCommand({ ...target, ...source, UploadId, PartNumber, CopySourceRange }),
      );
      Parts.push({ PartNumber, ETag: part.CopyPartResult?.ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {});
    throw error;
  }
}

/** As requests say it. */
function encryptionMembers(encryption: WriteEncryption | undefined) {
  if (encryption?.mode !== "aws:kms") return { ServerSideEncryption: encryption?.mode };
  const { mode, keyId, bucketKey, context } = encryption;
  return {
    ServerSideEncryption: mode,
    SSEKMSKeyId: keyId,
    BucketKeyEnabled: bucketKey,
    SSEKMSEncryptionContext: context && Buffer.from(JSON.stringify(context)).toString("base64"),
  };
}

function bucketError(error: unknown, object: ObjectRef): BucketError {
  if (error instanceof BucketError) return error;
  const { status, code } = answerOf(error);
  const kind =
    code === "NoSuchBucket" || status === 404
      ? "no-bucket"
      : status === 401 || status === 403 || code.startsWith("KMS.")
        ? "access-denied"
        : "failed";
  return new BucketError(kind, `${describe(object)}: ${code || "no answer"}`, { cause: error });
}

function describe({ bucket, key }: ObjectRef): string {
  return `s3://${bucket}/${key}`;
}

async function* none(): AsyncGenerator<Uint8Array> {}
